"""What the pages at the top say of the tree is true of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "docs/api.md",
    "docs/operations.md",
    "docs/gpu.md",
    "docs/merging.md",
]
#: Folders a path may be relative to; pages about the package leave its name out.
BASES = (ROOT, ROOT / "orchestrator", ROOT / "docs")


def paths_in(text: str) -> set[str]:
    """Whatever looks like a path of the tree: in backticks, a link, or the drawing of a request."""
    quoted = re.findall(r"`([\w./-]+(?:\.py|\.md|\.yaml|\.lock|/))`", text)
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    return {*quoted, *linked}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_it_names_exists(page):
    named = paths_in((ROOT / page).read_text(encoding="utf-8"))

    missing = sorted(name for name in named if not any((base / name).exists() for base in BASES))

    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_it_names_exists(page):
    named = set(re.findall(r"\bmake ([a-z][a-z0-9-]+)\b(?=[`\s,:])", _code(page)))
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named <= targets


def test_the_layers_drawn_are_the_layers_held():
    drawn = re.search(r"^`(routers < .*)`$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    held = re.search(r"^layers = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.S | re.M)
    assert drawn is not None
    assert held is not None

    names = [name.removeprefix("orchestrator.") for name in re.findall(r'"([^"]+)"', held[1])]

    assert drawn[1].split(" < ") == names[::-1]


def _code(page: str) -> str:
    """The page's code: blocks and backticks, where commands stand."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n".join([*re.findall(r"```.*?```", text, re.S), *re.findall(r"`[^`\n]+`", text)])
