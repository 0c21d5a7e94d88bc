"""The code tells what the catalogue has and nothing else, and the page has the same."""

import ast
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.events.catalogue import EVENTS, IDS
from orchestrator.events.page import page
from tests.composed import composed

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "events.md"


def told() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of `tell` with an action."""
    for path in sorted((ROOT / "orchestrator").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id == "tell" and len(node.args) > 1:
                yield path, node


def actions(call: ast.Call) -> list[str]:
    return [one.value for one in ast.walk(call.args[1]) if isinstance(one, ast.Constant)]


@pytest.mark.parametrize(
    ("path", "call"), [pytest.param(*one, id=f"{one[0].name}:{one[1].lineno}") for one in told()]
)
def test_what_is_told_is_in_the_catalogue(path, call):
    for action in actions(call):
        assert action in EVENTS
        fields = {one.arg for one in call.keywords if one.arg is not None} - {"level"}
        assert fields <= {*EVENTS[action].fields, *IDS}, (path, call.lineno)


def test_events_are_written_by_the_one_function_that_knows_the_catalogue():
    by_hand = re.compile(r"""dumps\(\s*\{\s*["']action["']""")
    found = [
        path
        for path in (ROOT / "orchestrator").rglob("*.py")
        if by_hand.search(path.read_text(encoding="utf-8"))
    ]

    assert [path.name for path in found] == ["telling.py"]


async def test_the_event_of_a_request_has_fields_of_the_catalogue_alone(caplog):
    service = composed(FakeEngine(says="5"))
    body = {"model": "refined", "messages": [{"role": "user", "content": "hi"}]}
    with caplog.at_level(logging.INFO):
        async with service.client() as client:
            await client.post("/v1/chat/completions", json=body)

    told = [json.loads(one.message) for one in caplog.records if '"action"' in one.message]
    [request] = [one for one in told if one["action"] == "request"]
    assert request.keys() - {"action"} <= {*EVENTS["request"].fields, *IDS}
    assert request["stages"]


def test_the_page_is_the_one_that_the_catalogue_makes():
    assert PAGE.read_text(encoding="utf-8") == page()
