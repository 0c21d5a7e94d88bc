"""Who may answer a request, before anybody is scored.

Checks follow one another, the cheap and lasting ones first: who the limits let in and who is able
is remembered, the rest is asked anew for each request. What nobody passes is refused by the check
that left nobody, with what would pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.compositions.allowed import Allowed, Expected, LeftOut, by_reason
from orchestrator.compositions.base import Query
from orchestrator.compositions.caps import checks_of
from orchestrator.compositions.conversation import is_in_tool_loop
from orchestrator.compositions.eligibility import Eligibility, Needs, needs_of
from orchestrator.compositions.expecting import Expecting, Load, load_of_inputs
from orchestrator.compositions.size import size_of
from orchestrator.engines.base import Chat, Sampling, Text
from orchestrator.engines.foresight import Foresight
from orchestrator.errors import ContextTooLongError, InvalidRequestError, LimitsError
from orchestrator.registry.faults import nearest
from orchestrator.registry.limits import selectors_of
from orchestrator.registry.models import Registry
from orchestrator.routing.limits import UNLIMITED, Limits

#: Combinations of limits and needs whose experts are remembered: callers may make up many.
_MAX_POOLS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """Those who can take requests of one kind, whatever their length."""

    ids: frozenset[str]
    left_out: tuple[LeftOut, ...]
    #: The shortest and the longest context among them, tokens.
    contexts: tuple[float, float]
    #: What the fewest and the most of them leave for a prompt where its caller does not say how
    #: long the answer may be, tokens.
    rooms: tuple[float, float]

    def room(self, num_out: int | None) -> tuple[float, float]:
        """Least and most tokens that an answer of `num_out` leaves for the prompt."""
        if num_out is None:
            return self.rooms
        return self.contexts[0] - num_out, self.contexts[1] - num_out


class Admission:
    """Checks requests against the experts of one generation.

    Args:
        registry: the generation's content.
        foresight: what is known of engines; `None` where nothing is.
    """

    def __init__(self, registry: Registry, *, foresight: Foresight | None = None) -> None:
        self._eligibility = Eligibility(registry)
        self._expecting = Expecting(registry, foresight=foresight)
        self._foresight = foresight
        self._selectors = {expert.id: selectors_of(expert) for expert in registry.experts}
        self._id_by_key = {expert.key: expert.id for expert in registry.experts}
        self._keys = frozenset(self._id_by_key)
        self._pools: dict[tuple[object, ...], _Pool] = {}
        self._shut_out: dict[tuple[object, ...], frozenset[str]] = {}

    def allowed(self, query: Query) -> Allowed:
        """Who may be chosen for `query`, within its limits.

        Raises:
            RequestError: nobody can take it, or nobody keeps to its limits.
            OverloadedError: nobody is expected to answer soon enough.
        """
        load = Load(size=size_of(query.prompt), sampling=query.sampling)
        pool = self._pool(query.limits, self._needs(query))
        left_out = list(pool.left_out)
        ids = self._holding(pool, load, left_out)
        if query.limits.has_caps:
            for check in checks_of(query.limits, lasting=True):
                ids = check.passed_by(ids, load, self._expecting, left_out)
        near = self._reachable(ids, left_out)
        away, ids = ids - near, near
        if query.limits.max_latency_s is not None:
            for check in checks_of(query.limits, lasting=False):
                ids = check.passed_by(ids, load, self._expecting, left_out)
        return Allowed(
            experts=ids,
            limits=query.limits,
            left_out=tuple(left_out),
            away=away,
            expected=lambda name: self._expecting.of(name, load),
        )

    def check(self, expert_id: str, query: Query) -> None:
        """Make sure that an expert that the caller named can take `query` within its limits.

        Whether the prompt fits is for the engine to say, which knows its tokens.

        Raises:
            RequestError: it cannot, or may not; the message says what would be possible.
            OverloadedError: it is not expected to answer soon enough.
        """
        self._eligibility.check(expert_id, needs_of(query), veiled=self.veiled(query.limits))
        self.bind(expert_id, query.limits)
        if query.limits.has_caps:
            load = Load(size=size_of(query.prompt), sampling=query.sampling)
            self._check_caps(expert_id, load, query.limits)

    def check_inputs(self, expert_id: str, inputs: Sequence[Text], limits: Limits) -> None:
        """Make sure that an expert may embed `inputs` within limits.

        Raises:
            RequestError: it may not; the message says what would be possible.
            OverloadedError: it is not expected to answer soon enough.
        """
        self.bind(expert_id, limits)
        if limits.has_caps:
            self._check_caps(expert_id, load_of_inputs(inputs), limits)

    def price_of_inputs_usd(self, expert_id: str, inputs: Sequence[Text]) -> float | None:
        """What embedding `inputs` may cost at most, USD; `None` where nobody can say."""
        return self._expecting.price_usd(expert_id, load_of_inputs(inputs))

    def _check_caps(self, expert_id: str, load: Load, limits: Limits) -> None:
        for check in checks_of(limits):
            check.passed_by(frozenset({expert_id}), load, self._expecting, [])

    def bind(self, expert_id: str, limits: Limits) -> None:
        """Make sure that an expert may take part, whatever it is to do.

        Raises:
            LimitsError: the limits shut it out.
        """
        if limits is UNLIMITED:
            return
        self._check_names(limits)
        reason = limits.why_not(self._selectors[expert_id])
        if reason is not None:
            told = f"expert {expert_id!r} may not answer this request: {reason}"
            if expert_id in self.veiled(limits):
                told = "this model asks an expert that your key does not allow"
            raise LimitsError(told, param="model")

    def veiled(self, limits: Limits) -> frozenset[str]:
        """Experts that the caller is not told of."""
        return frozenset() if limits.veil is None else self.shut_out(limits.veil)

    def shut_out(self, limits: Limits) -> frozenset[str]:
        """Experts that may take no part within limits, whatever they are to do."""
        if not limits.include and not limits.exclude:
            return frozenset()
        kind = (limits.include, limits.exclude)
        found = self._shut_out.get(kind)
        if found is None:
            own = self._selectors.items()
            found = frozenset(name for name, s in own if limits.why_not(s) is not None)
            if len(self._shut_out) >= _MAX_POOLS:
                self._shut_out.clear()
            self._shut_out[kind] = found
        return found

    def expected(self, expert_id: str, query: Query) -> Expected:
        """What an answer of one expert would take."""
        load = Load(size=size_of(query.prompt), sampling=query.sampling)
        return self._expecting.of(expert_id, load)

    def room(self, expert_id: str, sampling: Sampling) -> float:
        """Tokens that an answer leaves for the prompt of one expert, infinite where nobody says."""
        return self._expecting.room(expert_id, sampling.max_tokens)

    def answer_s(self, expert_id: str) -> float | None:
        """Seconds in which an expert would have answered; `None` where nobody can say."""
        return self._expecting.answer_s(expert_id)

    def _needs(self, query: Query) -> Needs:
        """What a loop of tool calls began with it still needs when no more are to be called."""
        needs = needs_of(query)
        if isinstance(query.prompt, Chat) and is_in_tool_loop(query.prompt):
            going_on: Needs = needs | {"tools"}
            return going_on if self._eligibility.has_any(going_on) else needs
        return needs

    def _pool(self, limits: Limits, needs: Needs) -> _Pool:
        kind = (limits.include, limits.exclude, limits.veil, needs)
        pool = self._pools.get(kind)
        if pool is None:
            pool = self._new_pool(limits, needs)
            if len(self._pools) >= _MAX_POOLS:
                self._pools.clear()
            self._pools[kind] = pool
        return pool

    def _new_pool(self, limits: Limits, needs: Needs) -> _Pool:
        self._check_names(limits)
        able, veiled = self._eligibility.able(needs), self.veiled(limits)
        reasons = {name: limits.why_not(own) for name, own in self._selectors.items()}
        ids = frozenset(name for name in able if reasons[name] is None)
        if not ids:
            raise LimitsError(
                "the limits of this request leave no expert that can take it"
                f"{by_reason({name: reasons[name] for name in able - veiled})}; include more or "
                "exclude less",
                param="model",
            )
        shut_out = {name: why for name, why in reasons.items() if why is not None}
        unable = {
            name: f"it {why}"
            for name in self._selectors
            if name not in shut_out and (why := self._eligibility.why_not(name, needs)) is not None
        }
        told_of = (
            LeftOut(ids=frozenset(one) - veiled, why=one.__getitem__) for one in (shut_out, unable)
        )
        contexts = [self._expecting.context(name) for name in ids]
        rooms = [self._expecting.room(name) for name in ids]
        return _Pool(
            ids=ids,
            left_out=tuple(one for one in told_of if one.ids),
            contexts=(min(contexts), max(contexts)),
            rooms=(min(rooms), max(rooms)),
        )

    def _check_names(self, limits: Limits) -> None:
        """A misspelt name in an exclusion would let in whom it means to shut out."""
        known = tuple(self._selectors)
        for one in sorted(limits.exclude.union(*limits.include)):
            kind, _, name = one.partition(":")
            if kind == "expert" and name not in self._selectors:
                hint = nearest(name, known)
                told = f"did you mean {hint!r}?" if hint else f"known: {list(known[:20])}"
                raise InvalidRequestError(
                    f"the limits of this request name expert {name!r}, which is not in the "
                    f"registry; {told}",
                    param="model",
                )

    def _holding(self, pool: _Pool, load: Load, left_out: list[LeftOut]) -> frozenset[str]:
        """Those whose context holds prompt and answer; who may hold it where nobody surely does."""
        num_out = load.sampling.max_tokens
        least, most = pool.room(num_out)
        if load.size.low > most:
            raise self._too_long(pool, load)
        num_held = load.size.high if load.size.high <= most else load.size.low
        if num_held <= least:
            return pool.ids
        held = frozenset(n for n in pool.ids if num_held <= self._expecting.room(n, num_out))
        left_out.append(LeftOut(ids=pool.ids - held, why=lambda name: self._too_short(name, load)))
        return held

    def _too_short(self, name: str, load: Load) -> str:
        context, num_out = self._expecting.context(name), self._expecting.num_out(name, load)
        return (
            f"its context of {context:g} tokens may not hold {load.size.low} to {load.size.high} "
            f"of the prompt and {num_out} of the answer"
        )

    def _too_long(self, pool: _Pool, load: Load) -> ContextTooLongError:
        longest = max(
            sorted(pool.ids), key=lambda name: self._expecting.room(name, load.sampling.max_tokens)
        )
        return ContextTooLongError(
            f"no expert that can take this request holds its prompt of at least {load.size.low} "
            f"tokens: of {longest!r}, which holds most, {self._too_short(longest, load)}",
            param="messages",
        )

    def _reachable(self, ids: frozenset[str], left_out: list[LeftOut]) -> frozenset[str]:
        """Those that can be reached; all of them where nobody can, for dispatch to try."""
        if self._foresight is None:
            return ids
        dead = self._foresight.unreachable(self._keys)
        if not dead:
            return ids
        reasons = {self._id_by_key[key]: why for key, why in dead.items()}
        left = ids - reasons.keys()
        if not left or len(left) == len(ids):
            return ids
        left_out.append(LeftOut(ids=ids - left, why=reasons.__getitem__))
        return left
