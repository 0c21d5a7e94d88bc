"""`orchestrator experts` on a file: what it shows, what it writes, what it refuses."""

import json

import pytest

from orchestrator.cli.main import main
from tests.registries import VALID, write_registry


@pytest.fixture
def registry(tmp_path):
    return write_registry(
        tmp_path, f"# ours\n{VALID}".replace("says: hello}", "says: hello}  # hi")
    )


def run(capsys, registry, *args):
    with pytest.raises(SystemExit) as caught:
        main(["experts", *args, "--registry", str(registry)])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_experts_of_a_file_are_listed_in_its_order(capsys, registry):
    code, out, _ = run(capsys, registry, "list")

    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["maths", "vllm", "generate"],
        ["general", "fake", "generate"],
    ]


def test_an_expert_is_shown_with_its_defaults_and_what_names_it(capsys, registry):
    code, out, _ = run(capsys, registry, "show", "general", "--json")

    found = json.loads(out)
    assert code == 0
    assert found["engine"]["says"] == "hello"
    assert found["named_by"] == ["routers.topic.fallback"]


def test_an_added_expert_stands_behind_the_last_and_comments_stay(capsys, registry):
    before = registry.read_text()

    code, out, _ = run(
        capsys, registry, *("add", "echo", "engine.kind=fake", "engine.says=you", "tags=[demo]")
    )

    added = "  - id: echo\n    engine: {kind: fake, says: you}\n    tags: [demo]\n"
    assert code == 0
    assert registry.read_text() == before.replace("# hi\n", f"# hi\n{added}")
    assert "+  - id: echo" in out.splitlines()


def test_an_edit_shows_its_diff_and_keeps_the_comment_beside_the_value(capsys, registry):
    code, out, _ = run(capsys, registry, "edit", "general", "engine.says=good day")

    assert code == 0
    assert "    engine: {kind: fake, says: good day}  # hi\n" in registry.read_text()
    assert "-    engine: {kind: fake, says: hello}  # hi" in out.splitlines()


def test_a_key_that_is_unset_goes_back_to_its_default(capsys, registry):
    assert run(capsys, registry, "edit", "general", "--unset", "engine.says")[0] == 0

    assert "    engine: {kind: fake}  # hi\n" in registry.read_text()


def test_a_dry_run_of_an_edit_writes_nothing(capsys, registry):
    before = registry.read_text()

    code, out, _ = run(capsys, registry, *("edit", "general", "owner=us", "--dry-run", "--json"))

    told = json.loads(out)
    assert (code, told["is_written"]) == (0, False)
    assert "+    owner: us" in told["diff"]
    assert registry.read_text() == before


def test_a_dry_run_says_what_would_be_refused(capsys, registry):
    code, out, err = run(capsys, registry, *("add", "law", "engine.max_model_len=64", "--dry-run"))

    assert (code, out) == (1, "")
    assert "engine: the key 'kind' is missing" in err


def test_an_expert_that_nothing_names_is_removed(capsys, registry):
    assert run(capsys, registry, "remove", "maths")[0] == 0

    assert "maths" not in registry.read_text()
    assert registry.read_text().startswith("# ours\n")


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        pytest.param(
            ["remove", "general"], "is named by routers.topic.fallback", id="what a router names"
        ),
        pytest.param(["remove", "genral"], "did you mean 'general'?", id="nobody"),
        pytest.param(["add", "general"], "there is an expert 'general' already", id="twice"),
        pytest.param(["add", "bare"], "the key 'model' is missing", id="no weights"),
        pytest.param(["add", "a b", "engine.kind=fake"], "experts[2].id", id="no id"),
        pytest.param(
            ["edit", "general", "engine.sayz=x"], "did you mean 'says'?", id="unknown key"
        ),
        pytest.param(["edit", "general", "--unset", "owner"], "has no key 'owner'", id="no such"),
        pytest.param(["show", "genral"], "no expert 'genral'; known: maths, general", id="show"),
    ],
)
def test_an_edit_of_experts_that_would_break_the_file_leaves_it(capsys, registry, args, fault):
    before = registry.read_text()

    code, _, err = run(capsys, registry, *args)

    assert code == 1
    assert fault in err
    assert registry.read_text() == before


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(["edit", "general"], id="nothing to change"),
        pytest.param(["edit", "general", "id=other"], id="the id"),
        pytest.param(["edit", "general", "says"], id="no value"),
        pytest.param(["edit", "general", "says=[a"], id="no YAML"),
    ],
)
def test_an_edit_of_experts_that_makes_no_sense_is_wrong_usage(capsys, registry, args):
    assert run(capsys, registry, *args)[0] == 2
