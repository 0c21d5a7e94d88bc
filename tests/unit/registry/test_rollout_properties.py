"""Whatever is tried, in whatever order: the pointer is valid and what is live passed its check."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import ConflictError, NotFoundError, RegistryError, StoreError
from orchestrator.registry.changes import PostedEdit, RollbackRequest
from orchestrator.registry.control import Control
from orchestrator.registry.edit import checker
from orchestrator.registry.rollout import Limits
from tests.rollouts import UNWILLING, Site, WeakStore, edit_of, text_of

experts = st.sampled_from([("a",), ("b",), ("a", "b"), ("a", "a"), ()])
steps = st.one_of(
    st.tuples(st.just("edit"), experts),
    st.tuples(st.just("unwaited"), experts),
    st.tuples(st.just("unwilling"), experts),
    st.tuples(st.just("rollback"), st.none() | st.integers(1, 6)),
    st.tuples(st.just("lose"), st.integers(0, 6)),
    st.tuples(st.just("answer lost"), experts),
    st.tuples(st.just("kill"), st.none()),
)


class World:
    """One store, and owners of the registry that come and go."""

    def __init__(self, folder) -> None:
        self.store = WeakStore()
        self.path = folder / "experts.yaml"
        self.start()

    def start(self) -> None:
        self.site = Site(self.store, limits=Limits(flip_s=0))
        file = self.site.file(self.path)
        self.control = Control(self.site.rollout, self.site.generations, file)

    async def do(self, kind, given) -> None:
        try:
            await self.attempt(kind, given)
        except (RegistryError, ConflictError, StoreError, NotFoundError):
            pass
        finally:
            self.store.is_away, self.store.num_left = False, None
            self.store.loses_an_answer = False
            self.site.crowd.breaks = None

    async def attempt(self, kind, given) -> None:
        if kind == "kill":
            await self.site.rollout.close()
            self.start()
        elif kind == "rollback":
            await self.control.rollback(RollbackRequest(number=given))
        elif kind == "lose":
            self.store.num_left = given
            await self.edit(("a", f"x{given}"))
        else:
            self.site.crowd.breaks = UNWILLING if kind == "unwilling" else None
            self.store.loses_an_answer = kind == "answer lost"
            await self.edit(given, waits=kind != "unwaited")

    async def edit(self, names, *, waits=True) -> None:
        await self.control.apply(PostedEdit(content=text_of(*names), waits=waits))


@settings(max_examples=60, deadline=None)
@given(sequence=st.lists(steps, max_size=12))
def test_what_is_live_passed_its_check_and_numbers_ascend(sequence, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()

    async def live_through() -> None:
        world, before = World(folder), 0
        for kind, given_ in sequence:
            await world.do(kind, given_)
            live = await world.site.generations.live()
            if live is not None:
                assert live.number >= before
                before = live.number
                checked = checker(environ={})(edit_of(*(one.id for one in live.registry.experts)))
                assert checked.registry == live.registry
        await world.site.rollout.close()
        settled = await world.site.rollout.settle()
        assert (settled.number if settled else 0) == (await _number(world) or 0)
        assert world.site.crowd.noted[-1:] == ([settled.number] if settled else [])

    asyncio.run(live_through())


async def _number(world: World) -> int | None:
    return await world.site.generations.live_number()
