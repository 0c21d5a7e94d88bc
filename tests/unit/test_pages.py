"""Blocks of every page that are not typed are at least sound: commands, JSON, registries."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from orchestrator.cli.page import leaves
from orchestrator.registry.models import Registry
from tests.page_blocks import PAGES, ROOT, Block, blocks_of

#: What a block may be: typed, a file, data, or a picture that nobody types.
LANGUAGES = {"sh", "bash", "console", "python", "yaml", "json", "text"}
LEAVES = dict(leaves())
_COMMAND = re.compile(
    r"(?:^|[|&;(]\s*)(?:\$ )?orchestrator ((?:'[^']*'|\"[^\"]*\"|[^|&;()>#\n])*)", re.M
)


def test_every_kind_of_page_is_looked_at():
    assert len(PAGES) > 30
    assert sum(len(blocks_of(ROOT / page)) for page in PAGES) > 150


@pytest.mark.parametrize("page", PAGES)
def test_every_block_names_its_language(page):
    unnamed = [one.text for one in blocks_of(ROOT / page) if one.language not in LANGUAGES]

    assert unnamed == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one_that_there_is(page):
    for block in blocks_of(ROOT / page):
        if block.language in ("sh", "bash", "console"):
            for words in commands_of(block.text):
                path = max((one for one in LEAVES if is_of(words, one)), key=len, default=None)
                assert path is not None, words
                LEAVES[path].make_context(path, words[len(path.split()) :])


def commands_of(text: str) -> Iterator[list[str]]:
    """Words of every command, whatever stands around it."""
    for found in _COMMAND.finditer(text.replace("\\\n", " ")):
        yield shlex.split(found[1])


def is_of(words: list[str], path: str) -> bool:
    return words[: len(path.split())] == path.split()


def test_a_command_is_found_wherever_it_stands():
    text = (
        "id=$(orchestrator batch submit q.jsonl)\n"
        "$ orchestrator route 'a | b' --json \\\n  | jq .\n"
    )

    assert list(commands_of(text)) == [
        ["batch", "submit", "q.jsonl"],
        ["route", "a | b", "--json"],
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_json_is_json(page):
    for block in blocks_of(ROOT / page):
        if block.language == "json" and block.mark != "file":
            json.loads(block.text)


@pytest.mark.parametrize("page", PAGES)
def test_every_part_of_a_registry_on_a_page_is_as_the_registry_has_it(page):
    for block in blocks_of(ROOT / page):
        if block.language == "yaml" and block.mark is None:
            for key, value in parts_of(block):
                field = Registry.model_fields[key]
                TypeAdapter(field.annotation).validate_python(value)


def parts_of(block: Block) -> Iterator[tuple[str, Any]]:
    """Top-level keys of a registry; a list alone is one of experts."""
    read = yaml.safe_load(block.text)
    yield from {"experts": read}.items() if isinstance(read, list) else read.items()
