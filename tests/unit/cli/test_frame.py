"""What all commands have in common: examples, completion, a page."""

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrator
from orchestrator.cli.examples import EXAMPLES
from orchestrator.cli.main import command, main
from orchestrator.cli.page import leaves, page
from orchestrator.cli.telling import patiently
from orchestrator.prompts.roles import VARIABLES

ROOT = Path(__file__).parents[3]
LEAVES = {path: leaf for path, leaf in leaves() if leaf is not None}


def test_every_command_has_examples_and_every_example_a_command():
    assert set(EXAMPLES) == {path for path, _ in leaves()}


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path in LEAVES])
def test_every_example_of_a_command_is_one_it_takes(path):
    for example in EXAMPLES[path]:
        words = shlex.split(example.partition(" > ")[0])
        depth = len(path.split())

        context = LEAVES[path].make_context(path, words[depth:])

        assert words[:depth] == path.split()
        assert context.params is not None


def test_every_command_speaks_json_but_those_whose_output_is_a_file_or_a_service():
    silent = {
        path
        for path, leaf in LEAVES.items()
        if not any("--json" in option.opts for option in leaf.params)
    }

    assert silent == {"batch output", "schema", "serve"}


def test_help_ends_with_examples_line_by_line(capsys):
    with pytest.raises(SystemExit):
        main(["experts", "edit", "--help"])

    assert [line.strip() for line in capsys.readouterr().out.rstrip().splitlines()[-3:]] == [
        "Examples:",
        *(f"orchestrator {one}" for one in EXAMPLES["experts edit"]),
    ]


def test_the_page_of_the_command_line_is_the_committed_one():
    written = (ROOT / "docs/cli.md").read_text(encoding="utf-8")

    assert written == page(), "write it anew: python -m orchestrator.cli.page"


def completed(words, *, shell="bash", folder=ROOT, blocked=()):
    """What a shell is told when the last of the words is completed."""
    variables = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    if shell != "bash":
        variables = {
            "_TYPER_COMPLETE_ARGS": " ".join(words),
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
    code = f"import sys; sys.modules |= dict.fromkeys({list(blocked)})\n"
    code += "from orchestrator.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables, "_ORCHESTRATOR_COMPLETE": f"complete_{shell}"},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_names_of_commands_are_completed_at_any_depth():
    assert completed(["orchestrator", "res"]) == ["residency", "restart"]
    assert completed(["orchestrator", "batch", "wa"]) == ["watch"]
    assert completed(["orchestrator", "models", "p"]) == ["pull"]


def test_a_command_whose_extra_is_missing_is_completed_by_name_and_no_further():
    extras = ("ray", "fastapi", "redis", "numpy")

    assert completed(["orchestrator", "mod"], blocked=extras) == ["models"]
    assert completed(["orchestrator", "models", "p"], blocked=extras) == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_names_too(shell):
    assert "residency" in " ".join(completed(["orchestrator", "resi"], shell=shell))


def test_ids_of_experts_are_completed_from_the_registry_file_at_hand(tmp_path):
    (tmp_path / "experts.yaml").write_text(
        "experts:\n  - id: maths\n  - {id: 'music', engine: {kind: fake}}\n  - id: law\n"
    )

    assert completed(["orchestrator", "experts", "show", "m"], folder=tmp_path) == [
        "maths",
        "music",
    ]
    assert completed(["orchestrator", "pin", "l"], folder=tmp_path) == ["law"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_of_completion_is_shown_for_each_shell(capsys, shell):
    with pytest.raises(SystemExit) as caught:
        command()(["--show-completion", shell], prog_name="orchestrator")

    assert caught.value.code in (0, None)
    assert "_ORCHESTRATOR_COMPLETE" in capsys.readouterr().out


def test_what_takes_long_is_said_once_and_what_is_quick_is_not(capsys):
    with patiently("reading a", after_s=60):
        pass
    assert capsys.readouterr().err == ""

    with patiently("reading b", after_s=0) as said:
        assert said.wait(10)
    assert capsys.readouterr().err == "reading b ...\n"


def test_on_a_terminal_what_takes_long_is_shown_with_its_time_and_wiped():
    program = (
        "from orchestrator.cli.telling import patiently\n"
        "with patiently('reading b', after_s=0) as said:\n"
        "    assert said.wait(10)\n"
    )
    shown, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    subprocess.run([sys.executable, "-c", program], check=True, stderr=theirs, env=environment)
    os.close(theirs)
    told = os.read(shown, 65_536).decode()
    os.close(shown)

    assert "reading b" in told
    assert "0:00:00" in told
    assert told.rstrip("\r\n").endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("args", "facts"),
    [
        pytest.param(["version"], {"version": orchestrator.__version__}, id="version"),
        pytest.param(
            ["trace", "make", "zipf", "--requests", "5", "--out", "t.jsonl"],
            {"file": "t.jsonl", "num_requests": 5},
            id="trace make",
        ),
    ],
)
def test_what_a_command_did_is_an_object_for_programs(capsys, tmp_path, monkeypatch, args, facts):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit):
        main([*args, "--json"])

    assert json.loads(capsys.readouterr().out) == facts


def test_prompts_are_objects_for_programs(capsys):
    with pytest.raises(SystemExit):
        main(["prompts", "judge", "--json"])

    (told,) = json.loads(capsys.readouterr().out)
    assert told["role"] == "judge"
    assert set(told["variables"]) == set(VARIABLES["judge"])


@pytest.mark.parametrize(
    "command", [["import", "litellm"], ["experts", "remove", "a", "--registry"]]
)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="absent"),
        pytest.param(
            b"\xff\xfea", "is not UTF-8, as its byte 1 shows: save it as UTF-8", id="UTF-16"
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_words(capsys, tmp_path, command, content, why):
    file = tmp_path / "given.yaml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SystemExit) as caught:
        main([*command, str(file)])

    assert caught.value.code == 1
    assert capsys.readouterr().err.strip() == f"{str(file)!r} {why}"
