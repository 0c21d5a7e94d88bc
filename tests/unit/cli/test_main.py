"""The command line as the person at the terminal meets it."""

import json
import subprocess
import sys

import pytest

import orchestrator
from orchestrator.cli import commands
from orchestrator.cli.commands import Command, load, require
from orchestrator.cli.fit import FITS
from orchestrator.cli.main import COMMANDS, main
from orchestrator.errors import MissingExtraError
from orchestrator.prompts.catalogue import shipped_text
from orchestrator.prompts.roles import ROLES, VARIABLES
from orchestrator.registry.schema import schema_text
from tests.registries import VALID, write_model, write_registry


def run(capsys, *args):
    """Exit code, standard output and standard error of one command."""
    with pytest.raises(SystemExit) as caught:
        main([str(arg) for arg in args])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_help_lists_every_command_with_its_line(capsys):
    code, out, _ = run(capsys, "--help")

    assert code == 0
    assert all(f"  {name} " in out and command.help in out for name, command in COMMANDS.items())


@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if one.extra is None])
def test_every_command_of_the_core_explains_itself(capsys, name):
    code, out, _ = run(capsys, name, "--help")

    assert code == 0
    assert COMMANDS[name].help in out


def test_every_fit_is_a_command_of_its_own(capsys):
    code, out, _ = run(capsys, "fit", "--help")

    assert code == 0
    assert all(f"  {name} " in out and command.help in out for name, command in FITS.items())
    assert all(run(capsys, "fit", name, "--help")[0] == 0 for name in FITS)


def test_a_role_that_nobody_has_is_told_with_those_there_are(capsys):
    code, out, err = run(capsys, "prompts", "jugde")

    assert (code, out) == (1, "")
    assert err.startswith("'jugde' is no role; roles: skills, synthesise, judge, ")


def test_a_prompt_is_printed_to_start_from(capsys):
    code, out, _ = run(capsys, "prompts", "judge")

    assert (code, out) == (0, shipped_text("judge"))


def test_roles_are_listed_with_their_variables(capsys):
    code, out, _ = run(capsys, "prompts")

    assert code == 0
    assert all(f"{role}({', '.join(VARIABLES[role])})\n" in out for role in ROLES)


def test_help_imports_nothing_heavy():
    heavy = "ray vllm torch fastapi httpx pydantic yaml ruamel numpy rich"
    code = f"""
import sys
from orchestrator.cli.main import main
try:
    main(["--help"])
except SystemExit:
    print([name for name in "{heavy}".split() if name in sys.modules], file=sys.stderr)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


def test_a_registry_is_checked_without_any_extra():
    extras = ["filelock", "huggingface_hub", "numpy", "ray", "torch", "vllm", "watchfiles"]
    code = f"""
import sys
sys.modules |= dict.fromkeys({extras})
from orchestrator.cli.main import main
main(["check", "experts.yaml"])
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("experts.yaml:")
    assert "valid: 20 experts" in done.stdout
    assert done.stderr == ""


def test_an_unknown_command_names_the_nearest(capsys):
    code, _, err = run(capsys, "chek")

    assert code == 2
    assert "No such command 'chek'. Did you mean 'check'" in err


def test_version_is_the_packages(capsys):
    assert run(capsys, "version") == (0, f"{orchestrator.__version__}\n", "")


def test_schema_is_the_committed_one(capsys):
    assert run(capsys, "schema") == (0, schema_text(), "")


def test_check_sums_up_a_sound_registry(capsys, tmp_path):
    path = write_registry(tmp_path)

    assert run(capsys, "check", path) == (
        0,
        f"{path}: valid: 2 experts, 1 router, 1 composition, 1 slot\n",
        "",
    )


def test_check_lists_every_fault_and_ends_with_1(capsys, tmp_path):
    path = write_registry(
        tmp_path, VALID.replace("says", "say").replace("slots:", "slotz: []\nslots:")
    )

    code, out, _ = run(capsys, "check", path)

    *faults, summary = out.splitlines()
    assert code == 1
    assert [fault.removeprefix(f"{path}:").split(": ")[0] for fault in faults] == ["7:26", "12:1"]
    assert summary == f"{path}: 2 faults"


def test_check_speaks_json_to_programs(capsys, tmp_path):
    path = write_registry(tmp_path, VALID.replace("says", "say"))

    code, out, _ = run(capsys, "check", path, "--json")

    (fault,) = json.loads(out)["faults"]
    assert code == 1
    assert (fault["line"], fault["column"], fault["key"], fault["nearest"]) == (
        7, 26, "experts[1].engine.say", "says",
    )  # fmt: skip


VARIANTS = """\
experts:
  - id: maths
    model: models/maths
    max_loss: 1
    variants: [{name: half, dtype: bfloat16, loss: 0.4}]
slots: [{name: local, memory_gib: 2}]
"""


def test_check_says_which_engines_have_no_room_beside_each_other(capsys, tmp_path):
    text = """\
experts:
  - {id: one, model: one, engine: {kind: vllm, kv_cache_gib: 0.5}}
  - {id: two, model: two, engine: {kind: vllm, kv_cache_gib: 0.25}}
slots:
  - {name: local, memory_gib: 2}
"""
    for name in ("one", "two"):
        write_model(tmp_path / name)
    path = tmp_path / "experts.yaml"
    path.write_text(text)

    code, out, _ = run(capsys, "check", path)

    # 0.5 + 1 and 0.25 + 1 of 2 GiB; with equal settings the two would be siblings in one engine.
    assert code == 0
    assert f"{path}:1:1: slots: slot 'local': its 2 engines (of 'one', 'two') take turns" in out
    assert "need 2.8 GiB and the slot has 2 GiB (warning)" in out
    path.write_text(text.replace("0.25", "0.5"))
    assert "take turns" not in run(capsys, "check", path)[1]


def test_check_says_which_variant_serves_where(capsys, tmp_path):
    path = write_registry(tmp_path, VARIANTS)
    # 0.6 GiB in 2 bytes a number are 1.2 in 4: with cache and engine more than the slot has.
    write_model(tmp_path / "models/maths", num_bytes=6 * 2**30 // 10)

    _, out, _ = run(capsys, "check", path)
    _, document, _ = run(capsys, "check", path, "--json")

    (choice,) = json.loads(document)["choices"]
    assert "expert 'maths': variant 'half' (loss 0.4) serves on local; itself fits no slot" in out
    assert (choice["variant"], choice["loss"], choice["slots"]) == ("half", 0.4, ["local"])


def test_a_missing_extra_is_one_line_that_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(commands.MODULES, "serve", ("a_module_that_is_not_there",))
    monkeypatch.setitem(COMMANDS, "check", Command(help="Check.", extra="serve"))

    assert run(capsys, "check") == (
        2,
        "",
        "this needs the 'serve' extra: pip install 'orchestrator[serve]'\n",
    )


def test_a_command_loads_once_its_extra_is_there(monkeypatch):
    monkeypatch.setitem(commands.MODULES, "serve", ("json",))

    assert load("version", Command(help="", extra="serve")).__name__ == "version"


def test_a_command_that_needs_two_extras_names_both(monkeypatch):
    monkeypatch.setitem(commands.MODULES, "batch", ("a_module_that_is_not_there",))
    monkeypatch.setitem(commands.MODULES, "serve", ("json",))

    with pytest.raises(MissingExtraError, match=r"orchestrator\[serve,batch\]"):
        require("serve,batch")


def test_batches_of_a_service_are_watched_without_any_extra():
    extras = ["fastapi", "fsspec", "numpy", "orjson", "pyarrow", "ray"]
    code = f"""
import sys
sys.modules |= dict.fromkeys({extras})
from orchestrator.cli.batch import BATCHES
from orchestrator.cli.commands import load
print([name for name, it in BATCHES.items() if it.extra is None and load("batch_" + name, it)])
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == (
        "['plan', 'submit', 'watch', 'list', 'show', 'cancel', 'output', 'timeline']\n"
    )


@pytest.mark.parametrize("extra", commands.MODULES)
def test_every_extra_has_a_check(monkeypatch, extra):
    monkeypatch.setitem(commands.MODULES, extra, ("a_module_that_is_not_there",))

    with pytest.raises(MissingExtraError, match=rf"orchestrator\[{extra}\]"):
        require(extra)
