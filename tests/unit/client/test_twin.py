"""The blocking client is the asynchronous one without its waiting."""

import inspect
import re

import pytest

from orchestrator.client import AsyncClient, Client
from orchestrator.client.twin import TARGET, twins

LENT = ("batches", "files", "judgements", "keys", "registry", "usage")


def test_the_blocking_client_is_as_its_source_makes_it():
    written = {path: path.read_text(encoding="utf-8") for path in TARGET.glob("*.py")}

    assert written == twins()


def test_nothing_of_an_event_loop_is_left_in_the_blocking_client():
    words = re.compile(r"async|await\b|aclos|Async")
    left = {
        path.name: words.findall(text.partition("\n")[2])
        for path, text in twins().items()
        if words.search(text.partition("\n")[2])  # behind the line that names its source
    }

    assert left == {}


@pytest.mark.parametrize("part", ["", *LENT])
def test_both_clients_have_the_same_methods_with_the_same_arguments(part):
    shapes = [_shape_of(kind, part) for kind in (AsyncClient, Client)]

    assert shapes[0] == shapes[1]
    assert shapes[0]


def _shape_of(kind, part):
    client = kind()
    found = getattr(client, part) if part else client
    methods = inspect.getmembers(type(found), inspect.isfunction)
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in methods
        if not name.startswith("_")
    }
