import asyncio
import gc
import weakref

import pytest

from orchestrator.compositions.following import Following
from orchestrator.compositions.loading import Loader
from orchestrator.engines.base import Engine
from orchestrator.engines.dispatch import Dispatch
from orchestrator.errors import ExpertUnavailableError
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.models import Registry
from orchestrator.residency.placement import DispatchTable
from tests.rollouts import WeakStore


async def no_table() -> DispatchTable:
    raise ExpertUnavailableError("there is no Conductor here")


class Replica:
    """A gateway's registry side on a store in memory."""

    def __init__(self, store: WeakStore | None = None) -> None:
        self.store = store or WeakStore()
        self.generations = StoredGenerations(self.store)
        self.remotes: dict[str, Engine] = {}
        dispatch = Dispatch(
            DispatchTable(slots_by_expert={}), slots={}, remotes=self.remotes, refresh=no_table
        )
        self.now_s = 0.0
        self.ready = asyncio.Event()
        self.following = Following(
            self.generations,
            Loader(dispatch, remotes=self.remotes, environ={}),
            clock=lambda: self.now_s,
            ready=self.ready.set,
        )

    async def propose(self, *experts: dict, **fields) -> int:
        entries = [{"engine": {"kind": "fake"}} | expert for expert in experts]
        registry = Registry.model_validate({"experts": entries} | fields)
        record = await self.generations.propose(
            registry, text="", folder="/", source="request", restores=None
        )
        return record.number

    async def flip(self, number: int) -> None:
        await self.generations.flip(number, expected=await self.generations.live_number())

    async def go_live(self, *experts: dict, **fields) -> int:
        number = await self.propose(*experts, **fields)
        await self.flip(number)
        await self.following.look()
        return number

    async def prepare(self, number: int) -> None:
        self.ready.clear()
        self.following.prepare(number)
        await self.ready.wait()

    def served(self) -> list[str]:
        return [model.id for model in self.following.live.models()]


@pytest.fixture
async def replica():
    made = Replica()
    yield made
    await made.following.close()


async def test_before_the_first_generation_a_request_is_told_why(replica):
    with pytest.raises(ExpertUnavailableError, match="no generation of the registry is served"):
        _ = replica.following.live

    replica.store.is_away = True
    await replica.following.look()

    with pytest.raises(ExpertUnavailableError, match="store"):
        _ = replica.following.live


async def test_a_proposal_is_held_beside_what_is_served_and_switched_to_as_it_is(replica):
    await replica.go_live({"id": "one"})
    number = await replica.propose({"id": "two"})

    await replica.prepare(number)
    assert (replica.served(), replica.following.prepared) == (["one"], number)
    await replica.flip(number)
    await replica.following.look()

    assert (replica.served(), replica.following.prepared) == (["two"], None)


async def test_a_generation_that_was_never_prepared_is_loaded_when_it_is_live(replica):
    await replica.go_live({"id": "one"})

    await replica.go_live({"id": "two"})

    assert replica.served() == ["two"]


async def test_a_proposal_that_cannot_be_served_says_why_and_what_is_live_serves(replica):
    await replica.go_live({"id": "one"})
    locked = {"kind": "openai", "base_url": "http://x/v1", "model": "m", "api_key_env": "NO_KEY"}
    number = await replica.propose({"id": "two", "engine": locked})

    await replica.prepare(number)

    failed, why = replica.following.failure
    assert (failed, "'NO_KEY'" in why, replica.served()) == (number, True, ["one"])


async def test_a_router_that_is_damaged_is_named(replica, tmp_path):
    router = {"kind": "category", "artifact": str(tmp_path), "fallback": "one"}
    number = await replica.propose({"id": "one"}, routers={"topic": router})

    await replica.prepare(number)

    assert "router 'topic' cannot be used" in replica.following.failure[1]


async def test_a_proposal_that_is_given_up_is_dropped(replica):
    await replica.go_live({"id": "one"})
    await replica.prepare(await replica.propose({"id": "two"}))

    replica.following.prepare(None)
    await replica.following.look()

    assert replica.following.prepared is None
    assert [key.partition("@")[0] for key in replica.remotes] == ["one"]


async def test_a_newer_proposal_takes_the_place_of_one_that_is_loading(replica):
    await replica.go_live({"id": "one"})
    older, newer = await replica.propose({"id": "two"}), await replica.propose({"id": "three"})
    replica.following.prepare(older)

    await replica.prepare(newer)

    assert replica.following.prepared == newer


async def test_an_upstream_that_is_unchanged_keeps_its_engine(replica):
    await replica.go_live({"id": "one"})
    (before,) = replica.remotes.values()

    await replica.go_live({"id": "one", "tags": ["dear"]}, {"id": "two"})

    assert before in replica.remotes.values()


async def test_an_upstream_that_is_gone_is_closed_when_nobody_is_pinned_to_it(replica):
    first = await replica.go_live({"id": "one"})
    pinned, (engine,) = replica.following.live, replica.remotes.values()
    pinned.num_pinned += 1

    await replica.go_live({"id": "two"})
    assert replica.following.oldest == first
    assert engine in replica.remotes.values()
    pinned.num_pinned -= 1
    await replica.following.look()

    assert replica.following.oldest == first + 1
    assert engine not in replica.remotes.values()


async def test_a_generation_that_is_gone_takes_its_registry_along_at_once(replica):
    rules = [{"name": "some", "when": {"matches": "law"}, "expert": "maths"}]
    routed = {"kind": "rules", "rules": rules, "otherwise": {"expert": "maths"}}
    route = {"kind": "route", "router": "any"}
    fields = {"routers": {"any": routed}, "compositions": {"auto": route, "best": route}}
    await replica.go_live({"id": "maths"}, **fields)
    live = weakref.ref(replica.following.live.registry)
    await replica.prepare(await replica.propose({"id": "maths"}, {"id": "law"}, **fields))
    gc.disable()
    try:
        await replica.go_live({"id": "maths"}, {"id": "art"}, **fields)
        await replica.following.look()

        assert live() is None
    finally:
        gc.enable()


async def test_without_the_store_what_is_held_serves_on(replica):
    await replica.go_live({"id": "one"})
    replica.store.is_away = True

    await replica.following.look()

    assert replica.served() == ["one"]


async def test_a_live_generation_that_cannot_be_served_here_is_tried_again_after_a_while(
    replica, tmp_path, caplog
):
    await replica.go_live({"id": "one"})
    router = {"kind": "category", "artifact": str(tmp_path), "fallback": "one"}

    await replica.go_live({"id": "two"}, routers={"topic": router})
    await replica.following.look()
    assert (replica.served(), len(caplog.records)) == (["one"], 1)
    replica.now_s += 5.0
    await replica.following.look()

    assert (replica.served(), len(caplog.records)) == (["one"], 2)


async def test_a_proposal_that_is_not_in_the_store_any_more_is_a_failure(replica):
    await replica.prepare(99)

    assert replica.following.failure[0] == 99


async def test_a_store_that_is_away_during_a_proposal_is_asked_again(replica):
    number = await replica.propose({"id": "one"})
    replica.store.is_away = True
    before = asyncio.all_tasks()
    replica.following.prepare(number)
    await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
    assert (replica.following.prepared, replica.following.failure) == (None, None)

    replica.store.is_away = False
    await replica.prepare(number)

    assert replica.following.prepared == number


async def test_a_gateway_has_begun_once_the_store_was_read(replica):
    replica.store.is_away = True
    await replica.following.look()
    assert not replica.following.begun.is_set()

    replica.store.is_away = False
    await replica.following.look()

    assert replica.following.begun.is_set()
