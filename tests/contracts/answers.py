"""What every `Answers` does; subclasses bring the fixture."""

from orchestrator.store.answers import Answers, Holdings


async def put(answers: Answers, key: str, value: bytes = b"hi", **fields) -> None:
    said = {"now_s": 1_000.0, "expires_s": 100.0}
    await answers.put(key, value, **(said | fields))


class AnswersContract:
    """Needs a fixture `answers`, empty, that keeps ten bytes."""

    async def test_what_was_put_is_found_until_it_ends(self, answers: Answers):
        await put(answers, "k", b"\x00\xff")

        found = [await answers.find("k", now_s=now_s) for now_s in (1_000.0, 1_099.9, 1_100.0)]

        assert found == [b"\x00\xff", b"\x00\xff", None]
        assert await answers.find("other", now_s=1_000.0) is None

    async def test_what_ended_takes_no_room(self, answers: Answers):
        await put(answers, "k")
        await answers.find("k", now_s=1_100.0)

        assert await answers.holdings() == Holdings(num_answers=0, num_bytes=0)

    async def test_a_later_value_takes_the_place_of_an_earlier_one(self, answers: Answers):
        await put(answers, "k", b"12345678")
        await put(answers, "k", b"1234")

        assert await answers.find("k", now_s=1_001.0) == b"1234"
        assert await answers.holdings() == Holdings(num_answers=1, num_bytes=4)

    async def test_what_was_used_longest_ago_goes_first(self, answers: Answers):
        for number, key in enumerate(("a", "b")):
            await put(answers, key, b"1234", now_s=1_000.0 + number)
        await answers.find("a", now_s=1_005.0)
        await put(answers, "c", b"1234", now_s=1_006.0)

        found = {key: await answers.find(key, now_s=1_007.0) for key in ("a", "b", "c")}

        assert found == {"a": b"1234", "b": None, "c": b"1234"}
        assert await answers.holdings() == Holdings(num_answers=2, num_bytes=8)

    async def test_one_that_is_longer_than_all_may_be_is_not_kept(self, answers: Answers):
        await put(answers, "small", b"1234")
        await put(answers, "large", b"12345678901")

        assert await answers.find("large", now_s=1_001.0) is None
        assert await answers.find("small", now_s=1_001.0) == b"1234"
