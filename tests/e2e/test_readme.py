"""README's commands, in a folder that has what a clone has."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from orchestrator.registry.document import parse
from tests.free_ports import free_port
from tests.page_blocks import ROOT, URL, blocks_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

#: The first of each language.
BLOCKS = {one.language: one.text for one in reversed(blocks_of(ROOT / "README.md"))}


def tracked() -> list[str]:
    """Paths of a clone's files, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """Tracked files alone; what is installed is not installed again."""
    folder = tmp_path_factory.mktemp("clone")
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def quick(clone: Path) -> Path:
    """The shipped registry with experts that need no vLLM, which the tests of serving start."""
    written = parse((clone / "experts.yaml").read_text(), file="experts.yaml").value
    for expert in written["experts"]:
        task = expert.get("engine", {}).get("task", "generate")
        for key in ("model", "base", "adapter", "variants", "revision"):
            expert.pop(key, None)
        expert["engine"] = {"kind": "fake", "says": "Nairobi", "task": task}
    file = clone / "quick.yaml"
    file.write_text(json.dumps({**written, "slots": []}))
    return file


def typed(text: str, *, url: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text.replace(URL, url)],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_commands_work_in_a_clone_and_leave_nothing_behind(clone):
    port = free_port()
    first = BLOCKS["sh"].splitlines()[0].partition("#")[0].split()
    assert first == ["make", "serve"]
    options = ["-o", ".venv/.serve", f"PORT={port}", f"REGISTRY={quick(clone)}", "GATEWAYS=1"]
    process = subprocess.Popen(
        [*first, *options], cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env=os.environ | {"PYTHONPATH": str(clone)},
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            ready = next(line for line in process.stdout if "ready at" in line)
            family = psutil.Process(process.pid).children(recursive=True)
            url = re.search(r"http://[\d.:]+", ready)[0]
            commands = re.findall(r"^\$ ((?:.*\\\n)*.*)$", BLOCKS["console"], re.MULTILINE)
            (route,) = [typed(command, url=url, folder=clone) for command in commands]
            python = f"{clone}/.venv/bin/python - <<'END'\n{BLOCKS['python']}END"
            said = typed(python, url=url, folder=clone)
            example = typed(ready.partition("try: ")[2], url=url, folder=clone)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(30)

    assert json.loads(route)["chosen"] == ["french"]
    assert said.strip() == "Nairobi"
    assert json.loads(example)["choices"]
    assert code in {0, 2, -signal.SIGINT}
    assert [one for one in family if one.is_running()] == []
