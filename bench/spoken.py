"""What an expert said to fixed questions, in fresh engines and after swaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from bench.process import BenchError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.loader import check
from orchestrator.registry.models import Expert

QUESTIONS = (
    "What is the capital of France?",
    "What is XIV in digits?",
    "Write the word 'table' backwards.",
    "What is 17 + 26?",
)
MAX_TOKENS = 24


class Spoken(BaseModel):
    """One answer, taken greedily."""

    prompt_token_ids: tuple[int, ...]
    text: str
    #: Of each token of the answer.
    logprobs: tuple[float, ...]


#: Expert -> its answers, in the order of the questions.
Words = dict[str, list[Spoken]]
_FILE = TypeAdapter(Words)


def read_words(path: Path) -> Words:
    """Words that `write_words` wrote."""
    return _FILE.validate_json(path.read_bytes())


def write_words(path: Path, words: Words) -> None:
    """Keep words for another process."""
    path.write_bytes(_FILE.dump_json(words))


def difference(said: Spoken, fresh: Spoken) -> float | None:
    """Largest difference of two answers' log-probabilities; `None` where the words differ."""
    if said.text != fresh.text or len(said.logprobs) != len(fresh.logprobs):
        return None
    pairs = zip(said.logprobs, fresh.logprobs, strict=True)
    return max((abs(one - other) for one, other in pairs), default=0.0)


def circuit(names: Sequence[str]) -> Iterator[str]:
    """A walk that goes once from each name to each other, and ends where it began."""
    left: Mapping[str, list[str]] = {
        name: [other for other in reversed(names) if other != name] for name in names
    }
    trail, found = [names[0]], []
    while trail:  # Hierholzer's walk: every name has as many ways in as out
        ways = left[trail[-1]]
        if ways:
            trail.append(ways.pop())
        else:
            found.append(trail.pop())
    return reversed(found)


def generators(registry: Path) -> tuple[Expert, ...]:
    """The experts of a registry that vLLM generates with, adapters after their bases.

    Raises:
        BenchError: the registry has faults.
    """
    checked = check(registry)
    if checked.registry is None:
        raise BenchError("\n".join(str(fault) for fault in checked.faults))
    found = [
        expert
        for expert in checked.registry.experts
        if isinstance(expert.engine, VllmEngine) and expert.engine.task == "generate"
    ]
    return tuple(sorted(found, key=lambda expert: expert.is_adapter))
