"""The account of a request: never an overrun, whatever is under way together."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compositions.ledger import Ledger, Spend
from orchestrator.errors import LimitsError, OverloadedError
from orchestrator.routing.limits import Limits

ONE = Spend(calls=1, tokens=100, price_usd=0.01)


def ledger(limits: Limits, **more) -> Ledger:
    return Ledger(limits, timeout_s=more.pop("timeout_s", 60.0), clock=lambda: 0.0, **more)


@pytest.mark.parametrize(
    ("limits", "param"),
    [
        (Limits(max_calls=2), "max_calls"),
        (Limits(max_total_tokens=250), "max_total_tokens"),
        (Limits(max_price_usd=0.02), "max_price_usd"),
    ],
)
async def test_what_would_pass_a_cap_is_refused_by_its_name_and_marked(limits, param):
    account = ledger(limits)

    await account.hold(ONE)
    await account.hold(ONE)

    with pytest.raises(LimitsError, match=param) as caught:
        await account.hold(ONE)
    assert caught.value.param == param
    assert account.reached == (param,)


async def test_what_a_call_did_not_take_is_there_for_the_next():
    account = ledger(Limits(max_total_tokens=150))

    await account.hold(ONE)
    account.settle(ONE, Spend(calls=1, tokens=50))
    await account.hold(ONE)

    assert account.left().max_total_tokens == 0


async def test_an_inner_account_is_bound_by_the_outer_one_and_counts_there():
    outer = ledger(Limits(max_calls=3))
    inner = outer.within(Limits(max_calls=2))

    await inner.hold(ONE)
    await outer.hold(ONE)
    await inner.hold(ONE)

    assert (outer.held.calls, inner.held.calls) == (3, 2)
    with pytest.raises(LimitsError):
        await outer.within(Limits(max_calls=9)).hold(ONE)
    assert outer.reached == ("max_calls",)


async def test_what_a_caller_has_no_allowance_for_is_not_held():
    class Poor:
        def __init__(self):
            self.settled = []
            self.is_looked_up = asyncio.Event()

        async def reserve(self, most):
            asyncio.get_running_loop().call_soon(self.is_looked_up.set)
            await self.is_looked_up.wait()
            raise OverloadedError("the budget of this key is spent", reason="budget")

        def settle(self, most, took):
            self.settled.append((most, took))

    account = ledger(Limits(), allowance=Poor())

    with pytest.raises(OverloadedError):
        await account.hold(ONE)
    assert account.held == Spend()


def test_time_is_the_least_of_the_timeout_and_the_latency_cap():
    now_s = 0.0
    account = Ledger(Limits(max_latency_s=5.0), timeout_s=60.0, clock=lambda: now_s)
    now_s = 4.0

    assert account.left_s == 1.0
    assert account.within(Limits(max_latency_s=9.0)).left_s == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans()), max_size=60),
    st.integers(1, 200),
)
def test_no_order_of_calls_passes_the_cap(calls, cap):
    async def play() -> None:
        account, under_way = ledger(Limits(max_total_tokens=cap)), []
        for most, took, ends in calls:
            try:
                await account.hold(Spend(calls=1, tokens=most))
            except LimitsError:
                continue
            under_way.append((most, min(took, most)))
            if ends:
                held, spent = under_way.pop(0)
                account.settle(Spend(calls=1, tokens=held), Spend(calls=1, tokens=spent))
            assert account.spent.tokens + account.held.tokens <= cap

    asyncio.run(play())
