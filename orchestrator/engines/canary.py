"""Proof that an engine holds an expert's own weights: a few greedy tokens and their log-probs.

A canary is only as good as what it is compared with. The best is recorded from a fresh engine
and committed beside the weights, in `canary.json`, by

    python -m orchestrator.engines.record_canary FOLDER...
    python -m orchestrator.engines.record_canary --base FOLDER ADAPTER...

Where there is none for this vLLM, dtype and device, the first load records it: what a fresh start
gives is kept in the machine's notes (`notes.py`) and is as good as the file, but after a first
*reload* there is nothing to compare with, which the origin `first_reload` and a warning say.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.engines.weights import fingerprint
from orchestrator.errors import SwapError
from orchestrator.registry.engine_entry import Task

FILE = "canary.json"
NUM_TOKENS = 8
#: Largest difference of a log-probability, in float32.
TOLERANCE = 1e-3

#: Half-precision kernels sum in an order that depends on the batch.
_HALF_TOLERANCE = 5e-2

#: Edition of `greedy_of_vector`: count it up when its numbers come to mean something else, or the
#: canaries that machines have noted refuse the right weights.
VECTOR_PROBE = 2
#: Numbers of a vector that the canary of an embedder keeps.
_NUM_PROBED = 64

_logger = logging.getLogger(__name__)

Origin = Literal["fresh", "first_reload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy:
    """A greedy continuation, and how far each token was ahead of the next best."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    #: Least distance of a chosen token's log-probability from the runner-up's.
    margin: float


def greedy_of_vector(vector: Sequence[float]) -> Greedy:
    """What an embedder shows instead of words: the first numbers of a vector, and no tokens.

    Scaled to the length of the vector, so that those of norm 1 have numbers of about 1 and the
    tolerances of log-probabilities mean as much as there.
    """
    scale = math.sqrt(len(vector))
    numbers = tuple(number * scale for number in vector[:_NUM_PROBED])
    return Greedy(token_ids=(), logprobs=numbers, margin=0.0)


class Conditions(BaseModel):
    """What log-probabilities depend on besides the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vllm: str
    dtype: str
    device: str
    #: See `greedy_of_vector`.
    task: Task = "generate"
    #: Edition of what is listened to.
    probe: int = 1

    @property
    def tolerance(self) -> float:
        """Largest difference of a log-probability that is no fault."""
        return TOLERANCE if self.dtype == "float32" else _HALF_TOLERANCE


class Canary(BaseModel):
    """A greedy continuation of a prompt; tokens and their natural-log probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conditions: Conditions
    prompt_token_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    origin: Origin = "fresh"


class CanaryFile(BaseModel):
    """What `canary.json` holds: canaries of one set of weights, at most one a condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    #: Of the weights, an adapter's with its base's; see `weights.fingerprint`.
    weights: str
    canaries: tuple[Canary, ...]


def stored_canary(
    folder: Path,
    conditions: Conditions,
    *,
    base: Path | None = None,
    weights: str | None = None,
) -> Canary | None:
    """The canary recorded for the weights in `folder`, if there is one for `conditions`.

    Args:
        folder: of the weights, or of an adapter.
        conditions: of the engine that is to be proved.
        base: of the weights that an adapter is on.
        weights: their fingerprint, where it is known already.

    Raises:
        SwapError: `canary.json` is not what `record_canary` writes.
    """
    file = _read(folder)
    if file is None:
        return None
    if file.weights != (weights or fingerprint(folder, base=base)):
        _logger.warning("%s is of other weights than lie beside it; record it again", folder / FILE)
        return None
    return next((found for found in file.canaries if found.conditions == conditions), None)


def recorded(folder: Path, *, base: Path | None = None) -> tuple[Canary, ...]:
    """Every canary that lies beside the weights in `folder` and is of them, on `base`.

    Raises:
        SwapError: `canary.json` is not what `record_canary` writes.
    """
    file = _read(folder)
    is_theirs = file is not None and file.weights == fingerprint(folder, base=base)
    return file.canaries if file is not None and is_theirs else ()


def store_canary(folder: Path, canary: Canary, *, base: Path | None = None) -> None:
    """Write `canary` beside the weights, keeping canaries of other conditions."""
    weights = fingerprint(folder, base=base)
    file = _read(folder)
    others = file.canaries if file is not None and file.weights == weights else ()
    kept = tuple(other for other in others if other.conditions != canary.conditions)
    written = CanaryFile(weights=weights, canaries=(*kept, canary))
    text = json.dumps(written.model_dump(mode="json"), indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def check_canary(
    expert_id: str, expected: Canary, seen: Greedy, *, kept_in: Path | None = None
) -> None:
    """Raise `SwapError` unless the tokens are equal and the log-probabilities close.

    Args:
        expert_id: for the message.
        expected: what was recorded.
        seen: what the engine says now.
        kept_in: the file of `expected`, `None` where this process recorded it.
    """
    origin = f"(origin {expected.origin})" if kept_in is None else _remedy(kept_in)
    if seen.token_ids != expected.token_ids:
        raise SwapError(
            f"canary of expert {expert_id!r}: tokens {list(seen.token_ids)} differ from the "
            f"recorded {list(expected.token_ids)} {origin}"
        )
    gaps = [abs(one - other) for one, other in zip(seen.logprobs, expected.logprobs, strict=True)]
    faults = [gap for gap in gaps if not gap <= expected.conditions.tolerance]  # NaN is a fault
    if faults:
        raise SwapError(
            f"canary of expert {expert_id!r}: log-probabilities differ by {faults[0]:.4g}, more "
            f"than {expected.conditions.tolerance:g} {origin}"
        )


def _remedy(kept_in: Path) -> str:
    return (
        f"recorded in {kept_in}: a load went wrong, or this machine computes otherwise than the "
        "one it was recorded on; where every fresh start says so, delete that file"
    )


def _read(folder: Path) -> CanaryFile | None:
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return CanaryFile.model_validate_json(path.read_bytes())
    except ValidationError as exc:
        raise SwapError(f"{path} is no canary file; delete it or record it again: {exc}") from exc
