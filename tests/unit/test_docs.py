"""What the pages at the top say of the tree is true of it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.registry.compositions import CompositionSpec
from orchestrator.registry.document import parse
from orchestrator.registry.faults import dotted
from orchestrator.registry.form import validate
from orchestrator.registry.routers import RouterSpec

ROOT = Path(__file__).parents[2]
PAGES = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "docs/api.md",
    "docs/operations.md",
    "docs/events.md",
    "docs/runbook.md",
    "docs/cli.md",
    "docs/gpu.md",
    "docs/merging.md",
    "docs/routers.md",
    "docs/compositions.md",
    "docs/batches.md",
    "docs/console.md",
    "docs/index.md",
    "docs/quickstart.md",
    "docs/concepts.md",
    "docs/sdk.md",
    "docs/scale.md",
    "docs/comparison.md",
    "docs/papers.md",
    "docs/deploy.md",
    *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs/inside").glob("*.md"))),
]
#: Most lines of the page that is read first.
ONE_PAGE = 100
#: Folders a path may be relative to; pages about the package leave its name out.
BASES = (ROOT, ROOT / "orchestrator", ROOT / "docs", ROOT / "docs/inside")


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


def test_the_architecture_is_one_page():
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= ONE_PAGE


def test_the_layers_drawn_are_the_layers_held():
    drawn = re.search(r"^`(routers < .*)`$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    held = re.search(r"^layers = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.S | re.M)
    assert drawn is not None
    assert held is not None

    names = [name.removeprefix("orchestrator.") for name in re.findall(r'"([^"]+)"', held[1])]

    assert drawn[1].split(" < ") == names[::-1]


@pytest.mark.parametrize(
    ("section", "specs"), [("routers", RouterSpec), ("compositions", CompositionSpec)]
)
def test_every_kind_is_in_the_table_and_has_an_example_that_is_sound(section, specs):
    page = (ROOT / f"docs/{section}.md").read_text(encoding="utf-8")
    union, _ = get_args(specs)
    kinds = {get_args(one.model_fields["kind"].annotation)[0] for one in get_args(union)}
    (examples,) = re.findall(rf"```yaml\n({section}:.*?)```", page, re.DOTALL)
    document = parse(f"experts: [{{id: a}}]\n{examples}", file=f"docs/{section}.md")

    _, faults = validate(document.value)

    assert [str(fault) for fault in document.faults] == []
    assert [(dotted(fault.path), fault.reason) for fault in faults] == []
    assert {spec["kind"] for spec in document.value[section].values()} >= kinds
    table = page.partition("## Kinds")[2].partition("```yaml")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(kinds)


def test_every_paper_that_the_code_names_is_on_the_page_of_papers():
    told = (ROOT / "docs/papers.md").read_text(encoding="utf-8")
    sources = [path for top in ("orchestrator", "routers") for path in (ROOT / top).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    named = set(re.findall(r"arXiv:(\d{4}\.\d{5})", text))

    assert named
    assert sorted(one for one in named if one not in told) == []


def _code(page: str) -> str:
    """The page's code: blocks and backticks, where commands stand."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n".join([*re.findall(r"```.*?```", text, re.S), *re.findall(r"`[^`\n]+`", text)])
