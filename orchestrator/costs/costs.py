"""The cost model: `C(step, expert)` and the service time `S(expert)`, learned as they are paid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from orchestrator.costs.estimate import Estimate
from orchestrator.costs.note import CostNote
from orchestrator.costs.prior import Of, Prior, Step

#: Change of what others teach about an unseen expert that is worth telling, as a share.
_NEWS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCost:
    """A step and a call of one expert, means and variances: what a plan adds up."""

    step_s: float
    step_variance: float
    call_s: float
    call_variance: float


class Costs:
    """What steps and calls take here; reading it is pure, `observe_*` teach it.

    An expert's own observations count first, then what other slots have told of it. One that was
    never seen is estimated by its prior, times how far the priors of others were off: the first
    swap of one sibling corrects all.

    One belongs to one slot: its engines share it, and are on the same hardware.

    Args:
        prior: what is assumed before anything was seen.
        notes: what an earlier process learned.
    """

    def __init__(self, prior: Prior | None = None, *, notes: tuple[CostNote, ...] = ()) -> None:
        self._prior = prior or Prior()
        #: Steps and calls that were seen; who keeps the notes compares it with the last time.
        self.num_observed = 0
        self._seen: dict[tuple[Of, str], Estimate] = {}
        #: How far a prior was off, as a factor, by step.
        self._factors: dict[Of, Estimate] = {}
        #: The factors that guesses were made with.
        self._told: dict[Of, Estimate] = {}
        self._guesses: dict[tuple[Of, str], Estimate] = {}
        self._turns: dict[tuple[Literal["swap", "add"], str], TurnCost] = {}
        self.recall(notes)

    @property
    def prior(self) -> Prior:
        """What is assumed before anything was seen."""
        return self._prior

    def assume(self, prior: Prior) -> None:
        """Go by another prior from now on; what was seen stays, and is compared with this one."""
        self._prior = prior
        self._refit()

    def recall(self, notes: Collection[CostNote]) -> None:
        """Go by what an earlier process learned, where nothing was seen since."""
        for note in notes:
            self._seen.setdefault((note.of, note.expert), note.estimate)
        self._refit()

    def forget_all_but(self, experts: Collection[str]) -> None:
        """Drop what was learned of other experts; what it taught about their like stays."""
        self._seen = {key: seen for key, seen in self._seen.items() if key[1] in experts}
        self._clear_guesses()

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
        """What was learned, the latest last, to be kept across restarts."""
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
        self.num_observed += 1
        prior_s = self._prior_s((of, expert))
        before = self._seen.pop((of, expert), Estimate(mean_s=prior_s))
        self._seen[of, expert] = before.after(took_s)
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
        told_s = self._prior.told_s.get(key)
        if told_s is not None:
            guess = Estimate(mean_s=1.0).after(1.0)
            return self._guesses.setdefault(key, _times(guess, told_s))
        factor = self._factors.get(key[0], Estimate(mean_s=1.0))
        self._told.setdefault(key[0], factor)
        guess = _times(factor, self._prior_s(key))
        self._guesses[key] = guess
        return guess

    def _prior_s(self, key: tuple[Of, str]) -> float:
        return self._prior.of_s(*key)

    def _refit(self) -> None:
        """Compare what was seen with the prior anew."""
        ratios: dict[Of, list[Estimate]] = {}
        for key, seen in self._seen.items():
            ratios.setdefault(key[0], []).append(_times(seen, 1 / max(self._prior_s(key), 1e-9)))
        self._factors = {of: _pooled(found) for of, found in ratios.items()}
        self._clear_guesses()

    def _clear_guesses(self) -> None:
        self._guesses.clear()
        self._turns.clear()
        self._told.clear()


def _times(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(
        mean_s=estimate.mean_s * factor,
        deviation_s=estimate.deviation_s * factor,
        num_seen=estimate.num_seen,
    )


def _pooled(found: list[Estimate]) -> Estimate:
    """What several experts teach about their like: each counts once."""
    mean_s = fmean(one.mean_s for one in found)
    spread_s = fmean(abs(one.mean_s - mean_s) for one in found)
    own_s = fmean(one.deviation_s for one in found)
    return Estimate(
        mean_s=mean_s,
        deviation_s=max(spread_s, own_s),
        num_seen=sum(one.num_seen for one in found),
    )
