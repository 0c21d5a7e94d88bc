"""What calls of a stage are to be made."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.compositions.stages import CallDone
from orchestrator.engines.base import Prompt, Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call to be made: whom, and how it differs from what the caller sent."""

    #: An expert, or a composition that answers like one.
    expert: str
    sampling: Sampling
    #: What to answer, where it is not the caller's own prompt.
    prompt: Prompt | None = None
    #: Leaves out the form that the caller wants: it is for the last answer alone.
    is_free: bool = False
    #: Candidates that its prompt leaves out for want of room.
    num_dropped: int = 0


#: Some engines take no larger seed.
_MAX_SEED = 2**31 - 1

#: Whether what has ended is enough, so that the rest may end. It sees all calls of its stage; of
#: one under way the answers that have ended, and how many have not (`CallDone.num_open`).
IsEnough = Callable[[Sequence[CallDone]], bool]


def one_by_one(asks: Sequence[Ask]) -> list[Ask]:
    """The samples of all calls, each as a call of its own, in order."""
    return [_nth(ask, number) for ask in asks for number in range(ask.sampling.n)]


def _nth(ask: Ask, number: int) -> Ask:
    """One of the samples of `ask`; the same seed for all would give the same answer."""
    seed = ask.sampling.seed
    sampling = replace(ask.sampling, n=1, seed=None if seed is None else seed + number)
    return replace(ask, sampling=sampling)


def apart(ask: Ask) -> list[Ask]:
    """The samples of a composition, each a call of its own, in order.

    Its own calls count on from their seed, so seeds next to one another would have the same expert
    say the same thing in several of them.
    """
    if ask.sampling.n == 1:
        return [ask]
    return [_nth_apart(ask, number) for number in range(ask.sampling.n)]


def _nth_apart(ask: Ask, number: int) -> Ask:
    seed = ask.sampling.seed
    if seed is not None:
        seed = zlib.crc32(f"{seed}/{number}".encode()) & _MAX_SEED
    return replace(ask, sampling=replace(ask.sampling, n=1, seed=seed))


def as_part(sampling: Sampling) -> Sampling:
    """How what leads to an answer is drawn: what is for the form and length of that is left out."""
    return Sampling(temperature=sampling.temperature, top_p=sampling.top_p, seed=sampling.seed)
