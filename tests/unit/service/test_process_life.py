"""What a process tells of its life."""

import json
import logging

import pytest

from orchestrator.service.process_life import ProcessLife


@pytest.fixture
def told(caplog):
    """State and reason of each event so far."""
    caplog.set_level(logging.INFO)

    def of() -> list[tuple[str, str | None]]:
        lines = [json.loads(one.message) for one in caplog.records]
        return [(line["state"], line.get("reason")) for line in lines]

    return of


def test_each_change_is_told_once_with_its_reason(told):
    life = ProcessLife("gateway")

    for is_up, why in ((False, "no table yet"), (True, ""), (True, ""), (False, "slot a is away")):
        life.see(is_up=is_up, why=why)
    for is_up in (False, True, True):
        life.see(is_up=is_up, why="slot b is away")
    life.drain("the service stops")
    life.end("every answer is out")

    assert told() == [
        ("begun", None),
        ("ready", None),
        ("paused", "slot a is away"),
        ("resumed", None),
        ("draining", "the service stops"),
        ("ended", "every answer is out"),
    ]


def test_what_drains_or_has_ended_is_not_paused_for_it(told):
    life = ProcessLife("gateway")
    life.see(is_up=True)

    life.drain("the service stops")
    life.see(is_up=False, why="the service stops: no new requests")
    life.drain("once more")
    life.end("done")
    life.see(is_up=True)
    life.drain("after the end")
    life.end("again")

    assert [state for state, _ in told()] == ["begun", "ready", "draining", "ended"]


def test_a_worker_says_whose_it_is_and_an_interruption_is_a_warning(caplog):
    caplog.set_level(logging.INFO)

    life = ProcessLife("worker", slot="local")
    life.see(is_up=True)
    life.see(is_up=False, why="it found too little memory")

    lines = [json.loads(one.message) for one in caplog.records]
    assert {(line["process"], line["slot"]) for line in lines} == {("worker", "local")}
    assert [one.levelname for one in caplog.records] == ["INFO", "INFO", "WARNING"]
