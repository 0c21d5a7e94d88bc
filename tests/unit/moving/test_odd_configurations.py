"""Whatever stands in a configuration, what is made of it can be served, or the reason is told."""

import copy
from pathlib import Path

import pytest
import yaml

from orchestrator.errors import SetupError
from orchestrator.moving.litellm import from_litellm
from orchestrator.moving.llama_swap import from_llama_swap
from orchestrator.moving.writing import Comments, registry_text
from orchestrator.registry.document import parse
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings

FOLDER = Path(__file__).parent
JUNK = [
    *(None, True, -1, 0, 1.5, "", "x", "a/b", "os.environ/X", "${env.X}", "${PORT}", "http://h"),
    *([], {}, [1], {"a": 1}, float("inf"), 10**30, [{"a": ["b"]}], {1: 2}),
]
MAKERS = {
    "litellm": lambda config: from_litellm(config, environ={}),
    "llama-swap": lambda config: from_llama_swap(config, environ={"HOME": "/h"}, memory_gib=20),
}


def places(value, path=()):
    """Every key and position inside of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, one in inner:
        yield (*path, step)
        if isinstance(one, dict | list):
            yield from places(one, (*path, step))


def with_value(config, path, value):
    changed = copy.deepcopy(config)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("junk", JUNK, ids=str)
@pytest.mark.parametrize("gateway", MAKERS)
def test_any_value_of_a_gateways_settings_is_carried_over_soundly_or_told(gateway, junk):
    config = yaml.safe_load((FOLDER / f"{gateway}.yaml").read_text())
    where = Surroundings(folder=FOLDER, environ={})

    for path in places(config):
        try:
            moved = MAKERS[gateway](with_value(config, path, junk))
        except SetupError:
            continue  # it says why nothing is left
        text = registry_text(moved.registry, Comments())
        assert check_document(parse(text, file="f"), where).faults == (), path
