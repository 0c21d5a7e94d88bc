"""The cost model: `C(step, expert)` and the service time `S(expert)`, learned as they are paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.costs.estimate import Estimate
from orchestrator.costs.prior import Prior, Step

#: What takes time: a step, or a call.
Of = Step | Literal["call"]

#: Change of what others teach about an unseen expert that is worth telling, as a share.
_NEWS = 0.1


class CostNote(BaseModel):
    """One learned estimate, as it is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Of
    expert: str
    mean_s: float
    deviation_s: float
    num_seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCost:
    """A step and a call of one expert, means and variances: what a plan adds up."""

    step_s: float
    step_variance: float
    call_s: float
    call_variance: float


class Costs:
    """What steps and calls take here; reading it is pure, `observe_*` teach it.

    An expert's own observations count first. One that was never seen is estimated by its prior,
    times how far the priors of others were off: the first swap of one sibling corrects all.

    Args:
        prior: what is assumed before anything was seen.
        notes: what an earlier process learned.
    """

    def __init__(self, prior: Prior | None = None, *, notes: tuple[CostNote, ...] = ()) -> None:
        self._prior = prior or Prior()
        self._seen: dict[tuple[Of, str], Estimate] = {}
        #: How far a prior was off, as a factor, by step.
        self._factors: dict[Of, Estimate] = {}
        #: The factors that guesses were made with.
        self._told: dict[Of, Estimate] = {}
        self._guesses: dict[tuple[Of, str], Estimate] = {}
        self._turns: dict[tuple[Literal["swap", "add"], str], TurnCost] = {}
        for note in notes:
            self._seen[note.of, note.expert] = Estimate(
                mean_s=note.mean_s, deviation_s=note.deviation_s, num_seen=note.num_seen
            )

    def step(self, step: Step, expert: str) -> Estimate:
        """What `step` takes with the weights of `expert`."""
        key: tuple[Of, str] = (step, expert)
        return self._seen.get(key) or self._guesses.get(key) or self._guess(key)

    def service(self, expert: str) -> Estimate:
        """What one call holds an engine for, among the calls that usually run beside it."""
        key: tuple[Of, str] = ("call", expert)
        return self._seen.get(key) or self._guesses.get(key) or self._guess(key)

    def turn(self, step: Literal["swap", "add"], expert: str) -> TurnCost:
        """`step` and a call of `expert` together; a plan of a thousand turns asks for each."""
        found = self._turns.get((step, expert))
        if found is None:
            change, call = self.step(step, expert), self.service(expert)
            found = self._turns[step, expert] = TurnCost(
                step_s=change.mean_s,
                step_variance=change.deviation_s**2,
                call_s=call.mean_s,
                call_variance=call.deviation_s**2,
            )
        return found

    def observe_step(self, step: Step, expert: str, took_s: float) -> None:
        """Take note of a step that ended well."""
        self._observe(step, expert, took_s)

    def observe_service(self, expert: str, took_s: float) -> None:
        """Take note of a call that was answered."""
        self._observe("call", expert, took_s)

    def means(self, of: Of) -> dict[str, float]:
        """What it took on average, by expert, of those it was seen of; seconds."""
        return {expert: seen.mean_s for (what, expert), seen in self._seen.items() if what == of}

    def notes(self) -> tuple[CostNote, ...]:
        """What was learned, to be kept across restarts."""
        return tuple(
            CostNote(
                of=of,
                expert=expert,
                mean_s=seen.mean_s,
                deviation_s=seen.deviation_s,
                num_seen=seen.num_seen,
            )
            for (of, expert), seen in self._seen.items()
        )

    def _observe(self, of: Of, expert: str, took_s: float) -> None:
        prior_s = self._prior_s((of, expert))
        self._seen[of, expert] = self._seen.get((of, expert), Estimate(mean_s=prior_s)).after(
            took_s
        )
        self._turns.pop(("swap", expert), None)
        self._turns.pop(("add", expert), None)
        factor = self._factors.get(of, Estimate(mean_s=1.0)).after(took_s / max(prior_s, 1e-9))
        self._factors[of] = factor
        told = self._told.get(of)
        if told is not None and abs(factor.safe_s - told.safe_s) > _NEWS * told.safe_s:
            self._guesses = {k: guess for k, guess in self._guesses.items() if k[0] != of}
            self._turns.clear()
            del self._told[of]

    def _guess(self, key: tuple[Of, str]) -> Estimate:
        factor = self._factors.get(key[0], Estimate(mean_s=1.0))
        self._told.setdefault(key[0], factor)
        prior_s = self._prior_s(key)
        guess = Estimate(
            mean_s=prior_s * factor.mean_s,
            deviation_s=prior_s * factor.deviation_s,
            num_seen=factor.num_seen,
        )
        self._guesses[key] = guess
        return guess

    def _prior_s(self, key: tuple[Of, str]) -> float:
        of, expert = key
        return self._prior.service_s if of == "call" else self._prior.step_s(of, expert)
