"""What one request may spend, and what it has spent: one account over stages, tries and nesting.

A call is held at its most before it is made, and settled at what it took when it has ended, so
that calls under way together can never pass a cap. A composition inside another one has an account
of its own within that of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from orchestrator.errors import LimitsError, OrchestratorError
from orchestrator.routing.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What calls take; of tokens those that are read and those that are written."""

    calls: int = 0
    tokens: float = 0
    price_usd: float = 0.0
    energy_j: float = 0.0

    def plus(self, other: Spend, *, times: int = 1) -> Spend:
        """Both together; `times=-1` takes the other one away."""
        return Spend(
            calls=self.calls + times * other.calls,
            tokens=self.tokens + times * other.tokens,
            price_usd=self.price_usd + times * other.price_usd,
            energy_j=self.energy_j + times * other.energy_j,
        )


NOTHING = Spend()


class Allowance(Protocol):
    """What a caller may spend over many requests."""

    async def reserve(self, most: Spend) -> None:
        """Set `most` aside.

        Raises:
            OrchestratorError: there is not as much left.
        """
        ...

    def settle(self, most: Spend, took: Spend) -> None:
        """Give back what was set aside and not taken; called once a reservation."""
        ...


class Ledger:
    """The account of one request, or of one composition inside it.

    Args:
        limits: its caps.
        timeout_s: its time, seconds from now.
        clock: seconds, monotonic.
        parent: of the composition that it is a part of.
        allowance: of its caller; asked by the outermost alone.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        timeout_s: float,
        clock: Callable[[], float],
        parent: Ledger | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._parent = parent
        self._allowance = allowance
        self._began_s = clock()
        latest_s = limits.max_latency_s
        self._ends_s = self._began_s + (timeout_s if latest_s is None else min(timeout_s, latest_s))
        self._reached: dict[str, None] = {}
        #: What has ended, and what is under way at its most.
        self.spent = NOTHING
        self.held = NOTHING

    @property
    def is_bounding(self) -> bool:
        """Whether anything but time is bounded here or above."""
        limits = self._limits
        return (
            limits.has_caps
            or limits.max_calls is not None
            or limits.max_total_tokens is not None
            or self._allowance is not None
            or (self._parent is not None and self._parent.is_bounding)
        )

    @property
    def needs_estimate(self) -> bool:
        """Whether what a call takes at its most matters, beside that it is one."""
        limits, parent = self._limits, self._parent
        own = limits.has_caps or limits.max_total_tokens is not None
        return own or self._allowance is not None or (parent is not None and parent.needs_estimate)

    @property
    def reached(self) -> tuple[str, ...]:
        """The caps that something was refused for, in the order in which they were met."""
        return tuple(self._reached)

    @property
    def left_s(self) -> float:
        """Seconds of the time that are left."""
        left_s = max(self._ends_s - self._clock(), 0.0)
        return left_s if self._parent is None else min(left_s, self._parent.left_s)

    def within(self, limits: Limits) -> Ledger:
        """An account of its own, for a composition that is a part of the request."""
        return Ledger(limits, timeout_s=self.left_s, clock=self._clock, parent=self)

    def left(self) -> Limits:
        """The limits with what is left of them."""
        taken, limits = self.spent.plus(self.held), self._limits
        calls, tokens = limits.max_calls, limits.max_total_tokens
        own = replace(
            limits.after(
                price_usd=taken.price_usd,
                latency_s=self._clock() - self._began_s,
                energy_j=taken.energy_j,
            ),
            max_calls=None if calls is None else max(calls - taken.calls, 0),
            max_total_tokens=None if tokens is None else max(tokens - int(taken.tokens), 0),
        )
        return own if self._parent is None else own.tightened(self._parent.left())

    def why_not(self, most: Spend) -> LimitsError | None:
        """Why so much more may not be spent; `None` where it may."""
        whole, limits = self.spent.plus(self.held).plus(most), self._limits
        for name, cap, wanted, unit in (
            ("max_calls", limits.max_calls, whole.calls, "calls"),
            ("max_total_tokens", limits.max_total_tokens, whole.tokens, "tokens"),
            ("max_price_usd", limits.max_price_usd, whole.price_usd, "USD"),
            ("max_energy_j", limits.max_energy_j, whole.energy_j, "J"),
        ):
            if cap is not None and wanted > cap * (1 + _ROUNDING):
                return LimitsError(
                    f"the next call may bring the request to {wanted:.6g} {unit}, over {name} "
                    f"{cap:.6g}: raise the cap, lower max_tokens, or ask a composition of fewer "
                    "calls",
                    param=name,
                )
        return None if self._parent is None else self._parent.why_not(most)

    def mark(self, cap: str) -> None:
        """Note that something was left out for a cap, here and in all that it is a part of."""
        for account in self._accounts():
            account._reached[cap] = None

    async def hold(self, most: Spend) -> None:
        """Set aside what a call takes at its most.

        Raises:
            LimitsError: it would pass a cap of the request.
            OrchestratorError: it would pass what its caller may spend.
        """
        if (refusal := self.why_not(most)) is not None:
            self.mark(refusal.param or "limits")
            raise refusal
        accounts = list(self._accounts())
        for account in accounts:
            account.held = account.held.plus(most)
        allowance = accounts[-1]._allowance
        if allowance is None:
            return
        try:
            await allowance.reserve(most)
        except BaseException as error:
            for account in accounts:
                account.held = account.held.plus(most, times=-1)
            if isinstance(error, OrchestratorError):
                self.mark("allowance")
            raise

    def settle(self, most: Spend, took: Spend) -> None:
        """Give back what was held for a call, and note what it took."""
        accounts = list(self._accounts())
        for account in accounts:
            account.held = account.held.plus(most, times=-1)
            account.spent = account.spent.plus(took)
        if (allowance := accounts[-1]._allowance) is not None:
            allowance.settle(most, took)

    def add(self, took: Spend) -> None:
        """Note what was taken beside the calls that are held."""
        for account in self._accounts():
            account.spent = account.spent.plus(took)

    def _accounts(self) -> list[Ledger]:
        """This one and all that it is a part of, the whole request's last."""
        above = [] if self._parent is None else self._parent._accounts()
        return [self, *above]


#: Sums of prices that are equal may differ by so much of themselves.
_ROUNDING = 1e-9
