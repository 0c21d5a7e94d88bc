"""What every `Judgements` does; subclasses bring the fixture."""

from orchestrator.store.judgements import Judgements, StoredJudgement


def judgement(number: int = 0, **fields) -> StoredJudgement:
    said = {
        "id": f"fb-{number}",
        "request_id": f"r{number}",
        "giver": "key:ann",
        "expert": "maths",
        "router": "topic",
        "router_version": "v1",
        "labels": ("sums",),
        "score": 0.5,
        "at_s": 1_000.0 + number,
    }
    return StoredJudgement(**(said | fields))


class JudgementsContract:
    """Needs a fixture `judgements`, empty, that keeps three."""

    async def test_what_was_put_is_found_as_it_is(self, judgements: Judgements):
        await judgements.put(judgement(1, labels=("a b", "é"), router=None, router_version=None))

        assert await judgements.find("fb-1") == judgement(
            1, labels=("a b", "é"), router=None, router_version=None
        )
        assert await judgements.find("fb-2") is None

    async def test_the_same_answer_judged_again_is_one_judgement(self, judgements: Judgements):
        await judgements.put(judgement(1, score=0.0))
        await judgements.put(judgement(1, score=1.0))

        assert await judgements.every() == [judgement(1, score=1.0)]

    async def test_what_is_removed_is_gone_once(self, judgements: Judgements):
        await judgements.put(judgement(1))

        removed = [await judgements.remove("fb-1"), await judgements.remove("fb-1")]

        assert (removed, await judgements.every()) == ([True, False], [])

    async def test_the_oldest_go_when_there_are_too_many(self, judgements: Judgements):
        for number in (4, 1, 3, 2):
            await judgements.put(judgement(number))

        assert {one.id for one in await judgements.every()} == {"fb-2", "fb-3", "fb-4"}
        assert await judgements.find("fb-1") is None

    async def test_every_change_is_told_and_nothing_else(self, judgements: Judgements):
        seen = [await judgements.revision()]
        await judgements.put(judgement(1))
        seen.append(await judgements.revision())
        await judgements.put(judgement(1))
        seen.append(await judgements.revision())
        await judgements.remove("fb-1")
        seen.append(await judgements.revision())
        await judgements.remove("fb-1")

        assert len(set(seen)) == 4
        assert await judgements.revision() == seen[-1]
