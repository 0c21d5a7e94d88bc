"""What every `UsageStore` does; subclasses bring the fixture."""

from orchestrator.store.usage import UsageRow, UsageStore, Used, others_of

DAY = "20261122"
ANN = UsageRow(day=DAY, key_id="ann", tags=("a b", "é"), expert="math", batch="batch_1")
BOB = UsageRow(day=DAY, key_id="bob")
ONE = Used(requests=1, errors=1, prompt_tokens=20, completion_tokens=3, nano_usd=5_000_000_000_000)


class UsageContract:
    """Needs a fixture `usage`, empty, of two rows a day."""

    async def test_what_is_added_sums_up_by_row(self, usage: UsageStore):
        await usage.add("1", {ANN: ONE, BOB: ONE})
        await usage.add("2", {ANN: ONE})

        assert await usage.read([DAY]) == {ANN: ONE.plus(ONE), BOB: ONE}

    async def test_an_entry_that_is_written_again_is_counted_once(self, usage: UsageStore):
        await usage.add("1", {ANN: ONE})
        await usage.add("1", {ANN: ONE})

        assert await usage.read([DAY]) == {ANN: ONE}

    async def test_days_are_read_by_themselves(self, usage: UsageStore):
        other = UsageRow(day="20261121", key_id="ann")
        await usage.add("1", {ANN: ONE, other: ONE})

        assert await usage.read(["20261121"]) == {other: ONE}
        assert len(await usage.read(["20261121", DAY, "20261120"])) == 2

    async def test_what_has_no_room_is_counted_in_a_row_of_its_own(self, usage: UsageStore):
        rows = [UsageRow(day=DAY, key_id=str(number)) for number in range(4)]
        for number, row in enumerate(rows):
            await usage.add(str(number), {row: ONE})
        await usage.add("again", {rows[0]: ONE})

        assert await usage.read([DAY]) == {
            rows[0]: ONE.plus(ONE),
            rows[1]: ONE,
            others_of(DAY): ONE.plus(ONE),
        }
