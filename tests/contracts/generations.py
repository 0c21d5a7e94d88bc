"""What generations do on every store; subclasses bring the fixture `store`, empty and fresh."""

import asyncio
from contextlib import aclosing

import pytest

from orchestrator.errors import ConflictError, NotFoundError, StoreError
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.generations import KEPT, GenerationRecord
from orchestrator.registry.ledger import MAX_PROPOSED
from orchestrator.store.base import Store
from tests.rollouts import registry_of

TEXT = "version: 1\n"


async def proposed(generations: StoredGenerations, *experts: str, **more) -> GenerationRecord:
    registry = registry_of(*(experts or ("maths",)))
    return await generations.propose(
        registry, **({"text": TEXT, "folder": "/srv", "source": "file"} | more)
    )


async def served(generations: StoredGenerations, *experts: str) -> GenerationRecord:
    """A new generation, live."""
    record = await proposed(generations, *experts)
    live = await generations.live_number()
    await generations.flip(record.number, expected=live)
    return record


class GenerationsContract:
    @pytest.fixture
    def generations(self, store: Store) -> StoredGenerations:
        return StoredGenerations(store, clock=lambda: 5.0)

    async def test_a_number_that_was_never_given_out_names_those_kept(self, generations):
        await served(generations)

        with pytest.raises(NotFoundError, match=r"generation 9 is not kept; kept: \[1\]"):
            await generations.read(9)
        with pytest.raises(NotFoundError, match="generation 9"):
            await generations.flip(9, expected=1)

    async def test_a_flip_that_expects_another_live_generation_changes_nothing(self, generations):
        await served(generations)
        late = await proposed(generations)

        with pytest.raises(ConflictError, match="generation 1 is live, not none"):
            await generations.flip(late.number, expected=None)

        assert await generations.live_number() == 1

    async def test_going_back_in_numbers_is_refused(self, generations):
        old = await proposed(generations)
        await served(generations)

        with pytest.raises(ConflictError, match="generation 1 cannot become live"):
            await generations.flip(old.number, expected=2)

    async def test_a_ledger_of_another_version_is_told_apart(self, generations, store):
        await store.set("registry:ledger", b'{"version": 2}')

        with pytest.raises(StoreError, match="'registry:ledger' is not what this version"):
            await generations.live()

    async def test_a_lost_record_is_not_none_live(self, generations, store):
        await served(generations)
        await store.delete("registry:generation:1")

        with pytest.raises(StoreError, match="lost the record of the live generation 1"):
            await generations.live()

    async def test_before_the_first_there_is_none(self, generations):
        assert await generations.live() is None
        assert await generations.live_number() is None
        assert await generations.history() == []

    async def test_a_proposal_is_read_whole_but_is_not_live(self, generations):
        record = await proposed(generations, "maths", "code", text="# ä\n", file_sha256="f" * 64)

        assert await generations.read(1) == record
        assert (record.number, record.created_s, record.file_sha256) == (1, 5.0, "f" * 64)
        assert await generations.live() is None

    async def test_what_was_flipped_last_is_live(self, generations):
        await served(generations, "maths")
        record = await served(generations, "maths", "code")

        assert await generations.live() == record
        assert [(one.number, one.is_live, one.num_experts) for one in await generations.history()] \
            == [(2, True, 2), (1, False, 1)]  # fmt: skip

    async def test_a_number_that_was_given_up_is_not_used_again(self, generations):
        await proposed(generations)

        assert (await served(generations)).number == 2
        assert [one.number for one in await generations.history()] == [2]

    async def test_of_many_proposals_at_once_each_has_its_number(self, generations):
        made = await asyncio.gather(*(proposed(generations) for _ in range(3)))

        assert sorted(record.number for record in made) == [1, 2, 3]

    async def test_of_two_flips_at_once_one_succeeds(self, generations):
        for _ in range(2):
            await proposed(generations)

        done = await asyncio.gather(
            *(generations.flip(number, expected=None) for number in (1, 2)), return_exceptions=True
        )

        assert sorted(isinstance(one, ConflictError) for one in done) == [False, True]

    async def test_the_oldest_and_what_was_given_up_are_forgotten_at_a_flip(
        self, generations, store
    ):
        for _ in range(KEPT + 2):
            await proposed(generations)  # given up
            last = await served(generations)

        kept = [one.number for one in await generations.history()]
        stored = [
            n for n in range(1, last.number + 1) if await store.get(f"registry:generation:{n}")
        ]

        assert kept == [last.number - 2 * at for at in range(KEPT)]
        assert stored == kept[::-1]

    async def test_proposals_that_never_become_live_do_not_pile_up(self, generations, store):
        for _ in range(MAX_PROPOSED + 4):
            await proposed(generations)
        await proposed(generations)

        stored = [n for n in range(1, 20) if await store.get(f"registry:generation:{n}")]

        assert len(stored) == MAX_PROPOSED + 1  # the last one discarded goes at the next

    async def test_proposals_and_flips_are_announced(self, generations):
        async with aclosing(generations.changes()) as changes:
            heard = asyncio.ensure_future(anext(changes))
            while not heard.done():  # the subscription begins at an unknown moment
                record = await proposed(generations)
                await asyncio.wait([heard], timeout=0.05)
            await generations.flip(record.number, expected=None)

            numbers = {await heard, await anext(changes)}

        assert record.number in numbers
