"""The page about the registry file is what the models say."""

import re

import pytest

from orchestrator.registry.models import Registry
from orchestrator.registry.page import PAGE, page

WRITTEN = page()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", WRITTEN, re.DOTALL | re.MULTILINE))
MODELS = Registry.model_json_schema()["$defs"]


def test_the_page_in_docs_is_what_the_models_say():
    assert PAGE.read_text(encoding="utf-8") == WRITTEN, "run python -m orchestrator.registry.page"


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_key_of_every_model_has_a_row_with_a_meaning(name):
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\S.*) \|$", SECTIONS[name], re.MULTILINE)

    assert [key for key, _ in rows] == list(MODELS[name]["properties"])


def test_every_link_of_the_page_leads_to_a_section_of_it():
    led_to = set(re.findall(r"\(#(\w+)\)", WRITTEN))

    assert led_to <= {name.lower() for name in SECTIONS}


def test_a_key_that_must_be_there_and_one_that_need_not_are_told_apart():
    assert "| `id` | text | *required* |" in SECTIONS["Expert"]
    assert "| `max_loss` | number, at least 0 | `0.0` |" in SECTIONS["Expert"]
