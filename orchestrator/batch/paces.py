"""What tokens take, by expert, learned from the runs of batches; and how long answers are.

A run of an expert takes a part that is there for any run, and one for each token that is read and
written. Where nothing was seen all three are guesses. One run tells how far these are off together,
so that the next like it is foreseen; runs that differ in shape tell the three apart (ridge
regression towards the common factor, in relative errors). Later runs count more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.errors import StorageError

#: Seconds of a run, of a token that is read and of one that is written, where nobody knows: of a
#: small model on a CPU.
_GUESS = np.array((0.2, 2e-4, 2e-3))
#: Weight of what was seen before, when one more run has ended.
_MEMORY = 0.85
#: Weight of the common factor against the runs.
_RIDGE = 1e-3
#: Least of what a part is taken to be of the guess, as it is scaled.
_LEAST = 0.02

_Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What an expert takes on a slot that has as much of it to do as fits at once."""

    #: Of a run, whatever it is of, seconds.
    tail_s: float
    prompt_token_s: float
    output_token_s: float
    #: Runs that it stands on; 0 is a guess, by others where there are any.
    num_runs: int = 0

    def run_s(self, *, prompt_tokens: float, output_tokens: float) -> float:
        """Seconds that a run of so many tokens takes."""
        tokens_s = prompt_tokens * self.prompt_token_s + output_tokens * self.output_token_s
        return self.tail_s + tokens_s


class StoredPace(BaseModel):
    """What was seen of one expert, in sums that fade."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    num_runs: int = 0
    #: Over runs, of their parts as guessed in shares of what they took: products, and sums.
    products: tuple[tuple[float, ...], ...] = ((0.0,) * 3,) * 3
    sums: tuple[float, ...] = (0.0,) * 3
    num_calls: float = 0.0
    output_tokens: float = 0.0

    def after(
        self, num_calls: int, prompt_tokens: float, output_tokens: float, took_s: float
    ) -> StoredPace:
        """With one more run."""
        parts = _GUESS * (1.0, prompt_tokens, output_tokens) / took_s
        products = _MEMORY * np.array(self.products) + np.outer(parts, parts)
        return StoredPace(
            num_runs=self.num_runs + 1,
            products=tuple(tuple(row) for row in products.tolist()),
            sums=tuple((_MEMORY * np.array(self.sums) + parts).tolist()),
            num_calls=_MEMORY * self.num_calls + num_calls,
            output_tokens=_MEMORY * self.output_tokens + output_tokens,
        )

    @property
    def factors(self) -> _Vector:
        """How far the guesses are off, each."""
        products, sums = np.array(self.products), np.array(self.sums)
        common = sums.sum() / products.sum()
        apart = np.linalg.solve(
            common**2 * products + _RIDGE * np.eye(3), common * sums + _RIDGE * np.ones(3)
        )
        return np.asarray(common * np.maximum(apart, _LEAST), dtype=np.float64)


class StoredPaces(BaseModel):
    """All that was learned, as it is stored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    experts: Mapping[str, StoredPace] = {}


class Paces:
    """Learns from runs; experts are named by their ids."""

    def __init__(self, stored: StoredPaces | None = None) -> None:
        self._seen: dict[str, StoredPace] = dict((stored or StoredPaces()).experts)

    @classmethod
    def from_json(cls, text: bytes | str) -> Paces:
        """What was learned before.

        Raises:
            StorageError: it is no such text, or of a form that this version does not know.
        """
        try:
            return cls(StoredPaces.model_validate_json(text))
        except ValidationError as exc:
            raise StorageError(
                f"the paces of experts cannot be read: {exc.errors()[0]['msg']}; they are learned "
                "anew"
            ) from exc

    def to_json(self) -> str:
        """All that was learned."""
        return StoredPaces(experts=self._seen).model_dump_json()

    def observe(
        self,
        expert: str,
        *,
        num_calls: int,
        prompt_tokens: float,
        output_tokens: float,
        took_s: float,
    ) -> None:
        """So many calls of an expert, beside each other, took a slot so long, its step apart."""
        if num_calls < 1 or took_s <= 0:
            return
        before = self._seen.get(expert, StoredPace())
        self._seen[expert] = before.after(num_calls, prompt_tokens, output_tokens, took_s)

    def pace(self, expert: str) -> Pace:
        """What an expert takes; of one that was never seen, what others do on average."""
        seen = self._seen.get(expert)
        if seen is not None:
            return _pace(seen.factors, num_runs=seen.num_runs)
        if not self._seen:
            return _pace(np.ones(3), num_runs=0)
        logs = [np.log(one.factors) for one in self._seen.values()]
        return _pace(np.exp(np.mean(logs, axis=0)), num_runs=0)

    def mean_output_tokens(self, expert: str) -> float | None:
        """Tokens of its answers so far, on average; `None` of one that was never seen."""
        seen = self._seen.get(expert)
        return None if seen is None else seen.output_tokens / seen.num_calls


def _pace(factors: _Vector, *, num_runs: int) -> Pace:
    tail_s, prompt_token_s, output_token_s = (_GUESS * factors).tolist()
    return Pace(
        tail_s=tail_s,
        prompt_token_s=prompt_token_s,
        output_token_s=output_token_s,
        num_runs=num_runs,
    )
