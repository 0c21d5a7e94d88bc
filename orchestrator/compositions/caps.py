"""Caps on what a request spends: who keeps them, and what would do where nobody does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.compositions.allowed import LeftOut
from orchestrator.compositions.expecting import Expecting, Load
from orchestrator.errors import LimitsError, OrchestratorError, OverloadedError
from orchestrator.routing.limits import Limits

#: What an expert is expected to spend, `None` where nobody can say.
_Spend = Callable[[Expecting], Callable[[str, Load], float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapCheck:
    """One cap on one thing that is spent."""

    #: As callers and the registry name it.
    name: str
    cap: float
    unit: str
    spend: _Spend
    #: Whether the next try would find the same.
    is_lasting: bool

    def passed_by(
        self, ids: frozenset[str], load: Load, expecting: Expecting, left_out: list[LeftOut]
    ) -> frozenset[str]:
        """Those of `ids` that keep the cap; the others are added to `left_out`.

        What is not known keeps no cap, but for time, which is learned by asking.

        Raises:
            LimitsError: nobody does; the message has the nearest that would.
            OverloadedError: nobody is expected to be in time.
        """
        spend = self.spend(expecting)
        spent = {name: spend(name, load) for name in ids}
        kept = frozenset(name for name, value in spent.items() if self._keeps(value))
        if not kept:
            raise self._refusal(spent)
        if len(kept) < len(ids):
            left_out.append(LeftOut(ids=ids - kept, why=lambda name: self._why(spent[name])))
        return kept

    def _keeps(self, value: float | None) -> bool:
        return not self.is_lasting if value is None else value <= self.cap

    def _why(self, value: float | None) -> str:
        if value is None:
            return f"what it takes in {self.unit} is not in the registry, and {self._told()} is set"
        return f"it may take {value:.4g} {self.unit}, over {self._told()}"

    def _told(self) -> str:
        return f"{self.name} {self.cap:.4g}"

    def _refusal(self, spent: dict[str, float | None]) -> OrchestratorError:
        known = {name: value for name, value in spent.items() if value is not None}
        if not known:
            return LimitsError(
                f"{self._told()} cannot be kept: what {sorted(spent)[:5]} take in {self.unit} is "
                "not in the registry; have it entered, or leave the cap out",
                param=self.name,
            )
        name = min(sorted(known), key=known.__getitem__)
        told = f"the nearest is {name!r} with {known[name]:.4g} {self.unit}"
        if self.is_lasting:
            return LimitsError(
                f"no expert allowed here keeps {self._told()}: {told}; raise the cap to that, "
                "shorten the prompt or lower max_tokens",
                param=self.name,
            )
        return OverloadedError(
            f"no expert allowed here is expected to keep {self._told()}: {told}; raise the cap "
            "or come again",
            reason="too_late",
            param=self.name,
            retry_after_s=known[name] - self.cap,
        )


def checks_of(limits: Limits, *, lasting: bool | None = None) -> Iterator[CapCheck]:
    """The caps that are set; of one kind alone where `lasting` says which."""
    caps: tuple[tuple[str, float | None, str, _Spend, bool], ...] = (
        ("max_price_usd", limits.max_price_usd, "USD", lambda one: one.price_usd, True),
        ("max_energy_j", limits.max_energy_j, "J", lambda one: one.energy_j, True),
        (
            "max_latency_s",
            limits.max_latency_s,
            "s",
            lambda one: lambda name, _: one.answer_s(name),
            False,
        ),
    )
    for name, cap, unit, spend, is_lasting in caps:
        if cap is not None and lasting in (None, is_lasting):
            yield CapCheck(name=name, cap=cap, unit=unit, spend=spend, is_lasting=is_lasting)
