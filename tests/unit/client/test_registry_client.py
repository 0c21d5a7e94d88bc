"""The operators' client: what it asks, and what it makes of the answers."""

import httpx
import pytest

from orchestrator.client import RegistryClient, UnexpectedReplyError, UnreachableError
from orchestrator.errors import ConflictError, NotFoundError, RegistryError

LIVE = {
    "number": 2, "sha256": "f" * 64, "source": "file", "created_s": 1.0, "num_experts": 1,
    "is_live": True, "a_new_key": 1,
}  # fmt: skip
APPLIED = {"outcome": "preparing", "generation": 3, "diff": {"experts": {"added": ["code"]}}}


def state(live=2, *, preparing=None, last_error=None):
    rollout = {
        "live": LIVE | {"number": live}, "is_valid": last_error is None, "last_error": last_error,
        "preparing": preparing
        and {"number": preparing, "sha256": "", "source": "file", "since_s": 1.0},
    }  # fmt: skip
    return {
        "generation": live, "num_experts": 1, "num_compositions": 0, "num_routers": 0,
        "num_slots": 1, "rollout": rollout,
    }  # fmt: skip


def client_of(*answers, seen=None):
    """A client that gets these answers in turn, the last one for ever."""
    left = list(answers)

    def answer(request):
        if seen is not None:
            seen.append(request)
        body = left.pop(0) if len(left) > 1 else left[0]
        return body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)

    return RegistryClient(transport=httpx.MockTransport(answer), pause=lambda _: None)


def test_faults_arrive_with_their_places():
    fault = {"line": 3, "column": 5, "key": "experts[0].id", "text": "request:3:5: ..."}
    error = {"message": "request:3:5: ...", "code": "registry_invalid", "faults": [fault]}

    with pytest.raises(RegistryError) as caught:
        client_of(httpx.Response(400, json={"error": error})).apply(b"x")

    assert (caught.value.faults[0].line, caught.value.faults[0].key) == (3, "experts[0].id")


def test_what_is_not_kept_is_said_so():
    error = {"message": "generation 9 is not kept", "code": "not_found"}

    with pytest.raises(NotFoundError, match="generation 9"):
        client_of(httpx.Response(404, json={"error": error})).rollback(9)


def test_no_service_is_an_error_that_names_the_address():
    with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:1 cannot be reached"):
        RegistryClient("http://127.0.0.1:1").state()


def test_an_owner_that_does_not_answer_is_told_while_waiting():
    away = state() | {"rollout": None, "rollout_unavailable": "the Conductor does not answer"}

    with pytest.raises(UnexpectedReplyError, match="the Conductor does not answer"):
        client_of(away).await_live(3)


def test_an_edit_travels_as_it_is_with_what_it_builds_on():
    seen = []

    applied = client_of(APPLIED, seen=seen).apply(b"experts: []\n", expected="2")

    (request,) = seen
    assert (request.method, request.content) == ("POST", b"experts: []\n")
    assert dict(request.url.params) == {"wait": "false", "dry_run": "false"}
    assert (request.headers["if-match"], request.headers["content-type"]) == ('"2"', "text/yaml")
    assert (applied.generation, applied.diff.experts.added) == (3, ("code",))


def test_every_question_goes_to_its_place():
    seen = []
    client = client_of(
        *({"data": [LIVE]}, {"defaults": []}, httpx.Response(200, content=b"version: 1\n")),
        *(APPLIED, APPLIED),
        seen=seen,
    )

    assert client.generations()[0].number == 2
    assert client.diff(1, 2).defaults == ()
    assert client.text(1) == "version: 1\n"
    client.reload(dry_run=True)
    client.rollback()

    assert [(one.method, str(one.url.raw_path.decode()), one.content) for one in seen] == [
        ("GET", "/admin/registry/generations", b""),
        ("GET", "/admin/registry/diff?from=1&to=2", b""),
        ("GET", "/admin/registry/text?generation=1", b""),
        ("POST", "/admin/registry?wait=false&dry_run=true", b""),
        ("POST", "/admin/registry/rollback?wait=false", b""),
    ]


def test_waiting_ends_when_it_is_live():
    heard = []
    client = client_of(state(2, preparing=3), state(2, preparing=3), state(3))

    client.await_live(3, heard=heard.append)

    assert [status.live.number for status in heard] == [2, 2, 3]


def test_waiting_ends_with_the_reason_of_a_failure():
    failed = {
        "source": "file", "code": "registry_invalid", "message": "no room", "number": 3, "at_s": 1,
    }  # fmt: skip

    with pytest.raises(RegistryError, match="no room"):
        client_of(state(2, preparing=3), state(2, last_error=failed)).await_live(3)


@pytest.mark.parametrize("after", [state(2, preparing=4), state(4)], ids=["before", "after"])
def test_waiting_ends_when_a_newer_edit_took_its_place(after):
    with pytest.raises(ConflictError, match="generation 3 was given up: a newer edit"):
        client_of(after).await_live(3)
