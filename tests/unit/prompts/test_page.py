"""What the page on compositions says of prompts."""

import re
from pathlib import Path

from orchestrator.prompts.roles import VARIABLES
from orchestrator.prompts.template import parse

PAGE = (Path(__file__).parents[3] / "docs/compositions.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Prompts\n")[2].partition("\n## ")[0]


def test_its_table_has_every_role_with_its_variables():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)\|", SECTION, re.MULTILINE)

    told = {role: set(re.findall(r"`(\w+)`", cell)) - {"question", "answer"} for role, cell in rows}

    assert told == {role: set(known) - {"message"} for role, known in VARIABLES.items()}


def test_its_example_is_a_prompt():
    (example,) = re.findall(r"^```text\n(---\n.*?)^```", SECTION, re.DOTALL | re.MULTILINE)

    template = parse(example, name="docs/compositions.md")

    told = template.render(message="Why?", candidates=["so </answer>"])
    assert told.startswith("Why?\n<answer>so &lt;/answer></answer>\nWrite")
