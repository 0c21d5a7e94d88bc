"""`orchestrator merge` as the person at the terminal meets it."""

import json

import pytest

from orchestrator.cli.main import main
from orchestrator.registry.loader import load
from tests.unit.merging.small import sibling, tensors_of

REGISTRY = """\
# ours
experts:
  - id: left  # the first
    model: left
    skills: [a]
  - id: right
    model: right
    skills: [b]
#     max_loss: 0.0

slots:
  - {name: local, memory_gib: 4}  # one
"""


@pytest.fixture
def registry(tmp_path):
    for at, name in enumerate(("left", "right")):
        sibling(tmp_path, name, seed=at)
    path = tmp_path / "experts.yaml"
    path.write_text(REGISTRY)
    return path


@pytest.fixture
def run(registry, capsys):
    """Exit code, output and errors of a merge of these arguments, into `out`."""

    def command(*args, name="both", out="out"):
        options = ["--registry", registry, "--out", registry.parent / out, "--id", name]
        with pytest.raises(SystemExit) as caught:
            main(["merge", *map(str, [*args, *options]), "--no-canary"])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return command


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (["left", "wrong"], "expert 'wrong' is not in the registry; known: left, right"),
        (["left", "right", "--method", "ties"], "known: average, twin, blend"),
        (["left", "right", "--weights", "0.5;0.5"], "weights '0.5;0.5' are not numbers"),
        (["left", "right", "--prompt", "hi"], "name one with --router"),
        (["left", "right", "--router", "topic"], "--prompts FILE or by one --prompt"),
        (["left", "right", "--router", "t", "--weights", "1,0"], "leave one out"),
        (["left", "right", "--router", "topic", "--prompt", "hi"], "router 'topic' is not in"),
    ],
)
def test_what_cannot_be_merged_is_one_line_and_writes_nothing(run, registry, args, fault):
    code, _, err = run(*args)

    assert code == 1
    assert fault in err
    assert not (registry.parent / "out").exists()


def test_it_says_what_to_add_and_leaves_the_registry(run, registry):
    code, out, _ = run("left", "right", "--weights", "0.25,0.75")

    assert code == 0
    assert "  - id: both\n    model: out\n" in out
    assert "left: 0.25" in out
    assert registry.read_text() == REGISTRY


def test_it_speaks_json_to_programs(run, registry):
    code, out, _ = run("left", "right", "--json")

    told = json.loads(out)
    assert (code, told["id"], told["is_added"]) == (0, "both", False)
    assert told["weights"] == {"left": 0.5, "right": 0.5}
    assert "id: both" in told["entry"]


def test_it_adds_an_expert_that_can_be_served(run, registry):
    code, out, _ = run("left", "right", "--add")

    head, tail = REGISTRY.split("\nslots")
    text = registry.read_text()
    assert (code, out.splitlines()[-1]) == (0, f"added 'both' to {registry}")
    assert text.startswith(head + "  - id: both\n")
    assert text.endswith("\nslots" + tail)
    assert load(registry).expert("both").skills == ("a", "b")


def test_an_id_that_is_taken_is_refused_before_anything_is_written(run, registry):
    code, _, err = run("left", "right", "--add", name="right")

    assert (code, err) == (1, f"expert 'right' is in {registry} already; name another --id\n")
    assert not (registry.parent / "out").exists()


def test_a_folder_is_replaced_only_by_force(run, registry):
    run("left", "right", "--weights", "1,0")

    code, _, err = run("left", "right", "--weights", "0,1")
    forced, *_ = run("left", "right", "--weights", "0,1", "--force")

    assert (code, forced) == (1, 0)
    assert "is there already" in err
    merged = tensors_of(registry.parent / "out")["norm.weight"]
    assert merged.tolist() == tensors_of(registry.parent / "right")["norm.weight"].tolist()
