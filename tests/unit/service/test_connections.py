"""Which workers a gateway reaches, by what the Conductor says of them."""

import pytest

from orchestrator.engines.base import Call, Chunk, Delta, Text
from orchestrator.engines.collecting import collect
from orchestrator.errors import EngineDeadError
from orchestrator.residency.placement import DispatchTable
from orchestrator.service.connections import Connections
from orchestrator.service.reports import Census, WorkerReport

CALL = Call(id="1", expert="a", generation=1, prompt=Text(text="hi"), stream=False)


class Handle:
    """Answers with one word, and remembers its end."""

    def __init__(self) -> None:
        self.is_shut_down = False

    @property
    def answer(self):
        return self

    generate = embed = answer

    def options(self, **_: object) -> "Handle":
        return self

    def remote(self, _call: Call) -> "Handle":
        return self

    def cancel(self) -> None:
        pass

    def __await__(self):
        return _answer().__await__()

    async def shutdown_async(self) -> None:
        self.is_shut_down = True


async def _answer() -> list[Chunk]:
    return [Chunk(deltas=(Delta(text="hello"),))]


@pytest.fixture
def handles() -> dict[str, Handle]:
    return {}


@pytest.fixture
def connections(handles) -> Connections:
    def connect(slot: str) -> Handle:
        assert slot not in handles
        handles[slot] = Handle()
        return handles[slot]

    return Connections(connect)


def census(**states: str) -> Census:
    workers = tuple(
        WorkerReport(slot=slot, state=state, detail="") for slot, state in states.items()
    )
    return Census(table=DispatchTable(slots_by_expert={}), workers=workers)


async def test_a_worker_is_reached_once_it_answers(connections):
    await connections.follow(census(a="ready", b="silent"))
    assert set(connections.engines) == {"a"}

    await connections.follow(census(a="ready", b="starting"))

    assert set(connections.engines) == {"a", "b"}


async def test_a_worker_that_is_silent_keeps_its_connection_and_takes_no_calls(
    connections, handles
):
    await connections.follow(census(a="ready"))
    await connections.follow(census(a="silent"))
    with pytest.raises(EngineDeadError, match="slot 'a' is gone"):
        await collect(connections.engines["a"].generate(CALL))
    assert not handles["a"].is_shut_down

    await connections.follow(census(a="ready"))

    assert (await collect(connections.engines["a"].generate(CALL))).choices[0].text == "hello"


async def test_one_that_has_ended_is_forgotten_and_its_connection_closed(connections, handles):
    await connections.follow(census(a="ready", b="ready"))

    await connections.follow(census(b="ready"))

    assert set(connections.engines) == {"b"}
    assert (handles["a"].is_shut_down, handles["b"].is_shut_down) == (True, False)
