"""What binds one request: what its caller wishes in headers, within the terms of its key."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

from starlette.datastructures import Headers

from orchestrator.access.caller import Caller
from orchestrator.access.terms import Terms
from orchestrator.api.limits import limits_of
from orchestrator.api.wishes import MAX_PRIORITY, Wishes
from orchestrator.compositions.programs import Model, Programs
from orchestrator.errors import InvalidRequestError, UnknownModelError
from orchestrator.registry.limits import selectors_of
from orchestrator.routing.limits import Limits

_EXPERT = "expert:"


def bound_limits(headers: Headers, caller: Caller, programs: Programs) -> Limits:
    """Who may take part and what it may cost: as the caller asks, and as its key allows.

    Raises:
        InvalidRequestError: a header is malformed.
    """
    terms = caller.terms
    asked = budgeted(limits_of(headers), terms)
    if terms.names_all:
        return asked
    meant = _meant(terms.limits, programs)
    if caller.is_admin:
        return asked.tightened(meant)
    veil = _veil(terms, meant, programs)
    _require_told(asked, replace(meant, veil=veil), caller, programs)
    return replace(asked.tightened(meant), veil=veil)


def budgeted(limits: Limits, terms: Terms) -> Limits:
    """`limits` within the budgets: experts whose price nobody knows can be held to none."""
    budgets = [one for one in (terms.budget_day_usd, terms.budget_usd) if one is not None]
    if not budgets:
        return limits
    return limits.tightened(Limits(max_price_usd=min(budgets)))


def bound_priority(wishes: Wishes, caller: Caller) -> int:
    """The caller's wish and its key's own, together no more than any one caller may have."""
    return max(-MAX_PRIORITY, min(MAX_PRIORITY, wishes.priority + caller.terms.priority))


def require_model(model_id: str, caller: Caller, programs: Programs) -> None:
    """Make sure that the caller may name a model.

    Raises:
        UnknownModelError: it may not, or its key excludes the expert, or there is none: which of
            these is not told.
    """
    if caller.terms.names_all:
        return
    if model_id not in programs or not _may_name(programs.model(model_id), caller.terms):
        raise _unknown(model_id, caller, programs)


def visible(caller: Caller, programs: Programs) -> tuple[Model, ...]:
    """The models that the caller may name and be answered by."""
    if caller.terms.names_all:
        return programs.models()
    return tuple(model for model in programs.models() if _may_name(model, caller.terms))


def untold(caller: Caller, live: Callable[[], Programs]) -> frozenset[str]:
    """Experts that the caller is not told of, whatever it asks.

    Raises:
        ExpertUnavailableError: something is bound, and nothing is served yet.
    """
    terms = caller.terms
    if terms.names_all or caller.is_admin:
        return frozenset()
    programs = live()
    meant = _meant(terms.limits, programs)
    return programs.veiled(replace(meant, veil=_veil(terms, meant, programs)))


def _may_name(model: Model, terms: Terms) -> bool:
    if terms.models and model.id not in terms.models:
        return False
    return model.expert is None or terms.limits.why_not(selectors_of(model.expert)) is None


def _veil(terms: Terms, meant: Limits, programs: Programs) -> Limits | None:
    """What decides of whom a caller is told: of those that may answer it, and of no others.

    Whoever may name a composition may be answered by all that its key does not shut out.
    """
    compositions = programs.registry.compositions
    if terms.models and compositions.keys().isdisjoint(terms.models):
        named = frozenset(f"{_EXPERT}{one}" for one in terms.models if one in programs)
        return replace(meant, include=(*meant.include, named))
    return meant if meant.include or meant.exclude else None


def _require_told(asked: Limits, told: Limits, caller: Caller, programs: Programs) -> None:
    """A request that names an expert it is not told of is refused as if there were none."""
    named = asked.exclude.union(*asked.include)
    veiled = programs.veiled(told) if named else frozenset()
    for one in sorted(named):
        name = one.removeprefix(_EXPERT)
        if one.startswith(_EXPERT) and (name in veiled or name not in programs):
            raise InvalidRequestError(
                f"the limits of this request name expert {name!r}, which does not exist, or which "
                f"key {caller.key_id!r} does not allow; GET /v1/models lists what it may name",
                param="model",
            )


def _meant(limits: Limits, programs: Programs) -> Limits:
    """Without experts that have left the registry: a key outlives many of its edits.

    A request that names one is refused as misspelt; a key that does shuts out nobody with it.
    """
    return replace(
        limits,
        include=tuple(_known(group, programs) or group for group in limits.include),
        exclude=_known(limits.exclude, programs),
    )


def _known(selectors: frozenset[str], programs: Programs) -> frozenset[str]:
    return frozenset(
        one
        for one in selectors
        if not one.startswith(_EXPERT) or one.removeprefix(_EXPERT) in programs
    )


def _unknown(model_id: str, caller: Caller, programs: Programs) -> UnknownModelError:
    known = [model.id for model in visible(caller, programs)]
    near = difflib.get_close_matches(model_id[:128], known, n=3, cutoff=0.5)
    hint = f"nearest: {near}" if near else f"known to it: {known[:20]}"
    return UnknownModelError(
        f"model {model_id[:128]!r} does not exist, or key {caller.key_id!r} may not name it; "
        f"{hint}; GET /v1/models lists all that it may",
        param="model",
    )
