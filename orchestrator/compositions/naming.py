"""Has the skills of a request named by a model, so that routers that go by skills know them.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641: several samples, skills that more than one of
them names. Ours: the namer is shown the text that is routed and nothing else, so that what it named
holds for that text whoever asks, and what is known is not asked again. Requests that ask for the
same text at the same time each have it named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.compositions.affording import has_left
from orchestrator.compositions.asking import asked
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query
from orchestrator.compositions.digest import digest
from orchestrator.compositions.program import StagedProgram
from orchestrator.compositions.stages import CallDone, calls_of
from orchestrator.compositions.staging import Staging
from orchestrator.engines.base import Chat, Message, Sampling, TextPart
from orchestrator.errors import OrchestratorError
from routers.answers import without_thinking
from routers.skill_names import agreed_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Who names skills, and how."""

    namer: str
    samples: int
    temperature: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What came of it."""

    #: Whether routers know the skills of the text now.
    is_known: bool
    #: For people.
    reason: str


async def named(
    program: StagedProgram[Any], staging: Staging, query: Query, *, by: Naming, then: Ask
) -> Named:
    """Have the text that `query` is routed by named, and remember what was agreed.

    Args:
        program: whose prompt `skills` is used.
        staging: the request so far; it runs the stage `skills`.
        query: the request, within its limits.
        by: who names.
        then: the least that must still be possible after it.
    """
    text = digest(query.prompt)[0]
    if not text.strip():
        return Named(is_known=False, reason="there is no text whose skills could be named")
    turn = Message(role="user", content=(TextPart(text=text),))
    prompt = asked(Chat(messages=(turn,)), program.prompts["skills"])
    sampling = Sampling(n=by.samples, temperature=by.temperature, seed=query.sampling.seed)
    asks = staging.asks(by.namer, sampling, prompt=prompt, is_free=True)
    if (refusal := staging.why_not(asks[0])) is not None:
        return _unknown(by, refusal)
    if not has_left(program.generation, staging, query, [*asks, then]):
        return Named(is_known=False, reason=f"{by.namer!r} is not asked: the answer needs the rest")
    calls = await staging.run("skills", asks)
    said = [without_thinking(choice.text) for call in calls for choice in call.choices]
    skills = agreed_names(said)
    if not skills and (error := _error_of(calls)) is not None:
        return _unknown(by, error)
    program.generation.named.remember(text, skills, by=frozenset(_experts_of(calls)))
    told = ", ".join(skills) or "no skill twice"
    return Named(is_known=True, reason=f"{by.namer!r} named {told}")


def _unknown(by: Naming, error: OrchestratorError) -> Named:
    return Named(is_known=False, reason=f"{by.namer!r} could not name the skills: {error.code}")


def _error_of(calls: Sequence[CallDone]) -> OrchestratorError | None:
    return next((call.error for call in calls if call.error is not None), None)


def _experts_of(calls: Sequence[CallDone]) -> Iterator[str]:
    """Who took part, in compositions that were asked too."""
    for call in calls:
        yield call.expert
        yield from _experts_of(calls_of(call.stages))
