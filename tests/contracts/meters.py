"""What every `MeterStore` does; subclasses bring the fixtures."""

import asyncio

import pytest

from orchestrator.store.meters import Bounds, Left, MeterStore, Settlement, Wish

KEY = "key-ann"
#: 2026-11-22 21:00:00 UTC.
NOON_S = 1_795_381_200.0
DAY = "20261122"


class Clock:
    """Unix time that stands until it is moved."""

    def __init__(self, now_s: float = NOON_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def held(name: str, *, nano_usd: int = 0, tokens: int = 0) -> Wish:
    return Wish(hold=name, nano_usd=nano_usd, tokens=tokens)


class MetersContract:
    """Needs the fixtures `clock`, a `Clock`, and `meters`, empty, that goes by it."""

    async def test_no_minute_has_more_requests_than_its_limit(self, meters: MeterStore, clock):
        bounds, began = Bounds(requests=10), []
        for _ in range(480):
            if (await meters.take(KEY, bounds, Wish(requests=1))).refused is None:
                began.append(clock.now_s)
            clock.now_s += 0.37

        most = max(sum(1 for at in began if 0 <= at - one < 60) for one in began)
        assert most == 10
        assert len(began) == 30  # 177 s: 10 at once, then 10 every 61 s

    async def test_a_refusal_says_how_much_is_left_and_when_it_can_be_granted(
        self, meters: MeterStore, clock
    ):
        bounds = Bounds(tokens=100)
        await meters.take(KEY, bounds, held("a", tokens=60))
        clock.now_s += 10
        await meters.take(KEY, bounds, held("b", tokens=30))

        taken = await meters.take(KEY, bounds, held("c", tokens=20))

        assert (taken.refused, taken.available, taken.retry_ms) == ("tokens", 10, 51_000)
        assert taken.tokens == Left(remaining=10, resets_ms=61_000)
        clock.now_s += 51
        assert (await meters.take(KEY, bounds, held("c", tokens=20))).refused is None

    async def test_more_than_a_limit_ever_allows_has_no_time_at_which_it_is_granted(
        self, meters: MeterStore
    ):
        taken = await meters.take(KEY, Bounds(tokens=100), held("a", tokens=101))

        assert (taken.refused, taken.available, taken.retry_ms) == ("tokens", 100, None)

    async def test_tokens_that_were_not_used_are_there_at_once(self, meters: MeterStore):
        bounds = Bounds(tokens=100)
        await meters.take(KEY, bounds, held("a", tokens=100))
        await meters.settle([Settlement(key_id=KEY, hold="a", tokens=40)])

        taken = await meters.take(KEY, bounds, held("b", tokens=60))

        assert (taken.refused, taken.tokens) == (None, Left(remaining=0, resets_ms=61_000))

    async def test_tokens_of_a_call_that_ended_after_its_minute_count_no_more(
        self, meters: MeterStore, clock
    ):
        bounds = Bounds(tokens=100)
        await meters.take(KEY, bounds, held("a", tokens=80))
        clock.now_s += 62
        await meters.take(KEY, bounds, held("b", tokens=100))
        await meters.settle([Settlement(key_id=KEY, hold="a", tokens=10)])

        assert (await meters.take(KEY, bounds, held("c", tokens=1))).refused == "tokens"

    async def test_requests_at_a_time_are_as_many_as_leases(self, meters: MeterStore):
        bounds = Bounds(concurrent=2)
        taken = [await meters.take(KEY, bounds, Wish(lease=name)) for name in "abc"]
        assert [one.refused for one in taken] == [None, None, "concurrent"]

        await meters.settle([Settlement(key_id=KEY, lease="a")])

        again = [await meters.take(KEY, bounds, Wish(lease=name)) for name in "cd"]
        assert [one.refused for one in again] == [None, "concurrent"]

    async def test_leases_that_nobody_renews_end(self, meters: MeterStore, clock):
        bounds = Bounds(concurrent=2)
        for name in "ab":
            await meters.take(KEY, bounds, Wish(lease=name))
        clock.now_s += 20
        await meters.renew({KEY: ["a", "unknown"]})
        clock.now_s += 20

        taken = [await meters.take(KEY, bounds, Wish(lease=name)) for name in "cd"]

        assert [one.refused for one in taken] == [None, "concurrent"]

    async def test_wishes_at_once_never_pass_a_budget_and_use_all_of_it(self, meters: MeterStore):
        bounds = Bounds(all_nano_usd=1000, day_nano_usd=1000)

        taken = await asyncio.gather(
            *(meters.take(KEY, bounds, held(str(n), nano_usd=10)) for n in range(300))
        )

        assert sum(one.refused is None for one in taken) == 100
        assert (await meters.spent(KEY)).all_nano_usd == 1000

    async def test_what_is_settled_is_charged_once_and_never_above_what_was_held(
        self, meters: MeterStore
    ):
        bounds = Bounds(all_nano_usd=1000)
        await meters.take(KEY, bounds, held("a", nano_usd=100))
        await meters.take(KEY, bounds, held("b", nano_usd=100))
        ended = [
            Settlement(key_id=KEY, hold="a", nano_usd=30),
            Settlement(key_id=KEY, hold="b", nano_usd=500),
            Settlement(key_id=KEY, hold="never", nano_usd=0),
        ]

        await meters.settle(ended)
        await meters.settle(ended)

        spent = await meters.spent(KEY)
        assert (spent.all_nano_usd, dict(spent.by_day)) == (130, {DAY: 130})

    async def test_calls_of_several_keys_are_settled_at_once_each_at_what_it_took(
        self, meters: MeterStore
    ):
        bounds = Bounds(all_nano_usd=100, tokens=100, concurrent=2)
        for key in (KEY, "key-bob"):
            for name in "ab":
                wish = Wish(hold=name, lease=name, nano_usd=50, tokens=50)
                await meters.take(key, bounds, wish)

        await meters.settle(
            [
                Settlement(key_id=KEY, hold="a", nano_usd=10, tokens=20, lease="a"),
                Settlement(key_id="key-bob", hold="b", nano_usd=5, tokens=50),
                Settlement(key_id=KEY, hold="b", nano_usd=1, tokens=0),
                Settlement(key_id=KEY, lease="gone"),
            ]
        )

        assert (await meters.spent(KEY)).all_nano_usd == 11
        assert (await meters.spent("key-bob")).all_nano_usd == 55
        more = Wish(hold="c", lease="c", tokens=80)
        assert (await meters.take(KEY, bounds, more)).refused is None
        assert (await meters.take(KEY, bounds, Wish(lease="d"))).refused == "concurrent"

    async def test_a_new_day_has_its_budget_and_the_whole_goes_on(self, meters: MeterStore, clock):
        bounds = Bounds(day_nano_usd=100, all_nano_usd=150)
        await meters.take(KEY, bounds, held("a", nano_usd=100))
        refused = await meters.take(KEY, bounds, held("b", nano_usd=1))
        clock.now_s += 3 * 3600  # midnight
        granted = await meters.take(KEY, bounds, held("c", nano_usd=50))
        last = await meters.take(KEY, bounds, held("d", nano_usd=1))

        assert (refused.refused, refused.retry_ms) == ("day", 3 * 3_600_000)
        assert granted.refused is None
        assert (last.refused, last.available, last.retry_ms) == ("all", 0, None)

    async def test_what_was_begun_yesterday_is_settled_yesterday(self, meters: MeterStore, clock):
        bounds = Bounds(day_nano_usd=100)
        await meters.take(KEY, bounds, held("a", nano_usd=100))
        clock.now_s += 3 * 3600
        await meters.take(KEY, bounds, held("b", nano_usd=100))
        await meters.settle([Settlement(key_id=KEY, hold="a", nano_usd=10)])

        assert dict((await meters.spent(KEY)).by_day) == {DAY: 10, "20261123": 100}

    @pytest.mark.parametrize(
        ("bounds", "wish"),
        [
            (Bounds(requests=1, concurrent=5), Wish(requests=1, lease="x")),
            (Bounds(tokens=10, all_nano_usd=50), held("x", tokens=5, nano_usd=51)),
            (Bounds(requests=5, concurrent=1), Wish(requests=1, lease="x")),
        ],
        ids=["requests", "budget", "concurrent"],
    )
    async def test_of_a_wish_that_is_refused_nothing_is_taken(
        self, meters: MeterStore, bounds, wish
    ):
        await meters.take(KEY, bounds, Wish(requests=1, lease="a", hold="h", tokens=1, nano_usd=1))
        before = await meters.take(KEY, bounds, Wish())

        assert (await meters.take(KEY, bounds, wish)).refused is not None

        assert await meters.take(KEY, bounds, Wish()) == before
        assert (await meters.spent(KEY)).all_nano_usd == 1

    async def test_keys_do_not_count_for_one_another(self, meters: MeterStore):
        bounds = Bounds(requests=1)
        await meters.take(KEY, bounds, Wish(requests=1))

        assert (await meters.take("key-bob", bounds, Wish(requests=1))).refused is None

    async def test_what_is_forgotten_begins_anew(self, meters: MeterStore):
        await meters.take(KEY, Bounds(all_nano_usd=10), held("a", nano_usd=10))
        await meters.forget(KEY)

        assert (await meters.spent(KEY)).all_nano_usd == 0

    async def test_what_was_under_way_when_its_key_was_forgotten_is_settled_against_nothing(
        self, meters: MeterStore
    ):
        bounds = Bounds(all_nano_usd=10, tokens=10)
        await meters.take(KEY, bounds, held("a", nano_usd=10, tokens=10))
        await meters.forget(KEY)
        await meters.settle([Settlement(key_id=KEY, hold="a", nano_usd=1, tokens=1)])

        spent = await meters.spent(KEY)
        assert (spent.all_nano_usd, dict(spent.by_day)) == (0, {})
        taken = await meters.take(KEY, bounds, Wish(requests=1))
        assert taken.tokens is not None
        assert taken.tokens.remaining == 10

    async def test_only_so_many_days_are_known(self, meters: MeterStore, clock):
        for number in range(40):
            await meters.take(KEY, Bounds(day_nano_usd=10), held(str(number), nano_usd=1))
            clock.now_s += 86_400

        spent = await meters.spent(KEY)
        assert (len(spent.by_day), spent.all_nano_usd) == (35, 40)
