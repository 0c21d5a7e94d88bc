"""`orchestrator compare` on the log of a service."""

import json

import pytest

from orchestrator.cli.main import main

TIME = "2026-01-02 03:04:05,678 INFO 42 orchestrator.api.accounts: "


def line(expert="sums", *, chosen_by="left", status=200, **more):
    fields = {"action": "request", "request_id": "r", "status": status, "expert": expert,
              "duration_ms": 10.0, "completion_tokens": 4, "cost_usd": None,
              "router": "trial", "chosen_by": chosen_by}  # fmt: skip
    return TIME + json.dumps(fields | more, separators=(",", ":"))


def shadow(chosen, other):
    agreed = "yes" if chosen == other else "no"
    fields = {"action": "shadow", "router": "left", "shadow": "watch",
              "chosen": chosen, "other": other, "agreed": agreed}  # fmt: skip
    return TIME + json.dumps(fields)


@pytest.fixture
def run(tmp_path, capsys):
    def command(*lines, more=()):
        log = tmp_path / "orchestrator.log"
        log.write_text("".join(f"{one}\n" for one in lines))
        with pytest.raises(SystemExit) as caught:
            main(["compare", str(log), *more])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return command


def test_a_log_that_is_not_there_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["compare", str(tmp_path / "none.log")])

    assert caught.value.code == 1
    assert "none.log' cannot be read: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("garbage", TIME + '{"action":"rollout"}', TIME + '{"action":"request","router":'),
        (line(router=None), TIME + '{"action":"request","status":"x"}', "\x00\x01"),
        (TIME + '{"action":"request","router":"trial","expert":"sums"}',),
    ],
)
def test_a_log_without_routed_requests_is_told(run, lines):
    code, _, err = run(*lines)

    assert (code, "has no line of a request that a router placed" in err) == (1, True)


def test_arms_have_their_shares_failures_and_means(run):
    lines = [line(), line(status=503, duration_ms=30.0), line(cost_usd=0.002, completion_tokens=7)]

    _, out, _ = run(*lines, line(chosen_by="right"), more=["--json"])

    left, right = json.loads(out)["arms"]
    assert (left["chosen_by"], left["num_requests"], left["share"]) == ("left", 3, 0.75)
    assert (left["num_failed"], left["mean_tokens"], left["mean_cost_usd"]) == (1, 5.0, 0.002)
    assert left["mean_ms"] == pytest.approx(50 / 3)
    assert (right["share"], right["mean_cost_usd"]) == (0.25, None)


def test_lines_that_are_objects_from_their_beginning_are_summed_up_like_older_ones(run):
    head = '{"time":"2026-01-02T03:04:05.678Z","level":"INFO","pid":42,"logger":"x",'
    newer = [one.replace(TIME + "{", head) for one in (line(), shadow("sums", "words"))]

    _, out, _ = run(line(), *newer, more=["--json"])

    assert json.loads(out)["arms"][0]["num_requests"] == 2
    assert json.loads(out)["agreements"][0]["differences"] == [["sums", "words", 1]]


def test_who_only_asked_where_a_prompt_would_go_is_no_request_of_an_arm(run):
    asked = line(request="POST /v1/route", duration_ms=1.0, completion_tokens=0)

    _, out, _ = run(line(request="POST /v1/chat/completions"), asked, more=["--json"])

    [arm] = json.loads(out)["arms"]
    assert (arm["num_requests"], arm["mean_ms"], arm["mean_tokens"]) == (1, 10.0, 4.0)


def test_shadows_have_their_agreement_and_what_they_would_have_chosen(run):
    pairs = [("sums", "sums")] * 6 + [("sums", "words")] * 3 + [("code", "sums")]

    code, out, _ = run(line(), *(shadow(*pair) for pair in pairs))

    assert code == 0
    assert out.splitlines()[-3:] == [
        "shadow watch agrees with left in 60.0% (31.3% to 83.2%) of 10",
        "       3 x sums, the shadow words",
        "       1 x code, the shadow sums",
    ]


def test_a_router_without_routers_is_its_own_only_arm(run):
    _, out, _ = run(line(router="topic", chosen_by=None))

    assert out.splitlines()[1].split()[:4] == ["topic", "topic", "1", "100.0%"]
