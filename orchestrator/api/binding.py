"""What binds one request: what its caller wishes in headers, within the terms of its key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

from starlette.datastructures import Headers

from orchestrator.access.caller import Caller
from orchestrator.access.terms import Terms
from orchestrator.api.limits import limits_of
from orchestrator.api.wishes import MAX_PRIORITY, Wishes
from orchestrator.compositions.programs import Model, Programs
from orchestrator.errors import ForbiddenError, UnknownModelError
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
    if not terms.include and not terms.exclude:
        return asked
    return asked.tightened(_meant(terms.limits, programs))


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
        UnknownModelError: it may not, or there is none; what it may not name is not told.
        ForbiddenError: it may, and its key excludes the expert that this is.
    """
    terms = caller.terms
    if terms.names_all:
        return
    if (terms.models and model_id not in terms.models) or model_id not in programs:
        raise _unknown(model_id, caller, programs)
    why = _why_not(programs.model(model_id), terms)
    if why is not None:
        raise ForbiddenError(
            f"key {caller.key_id!r} may not ask expert {model_id!r}: {why}; GET /v1/models lists "
            "what it may ask",
            param="model",
        )


def visible(caller: Caller, programs: Programs) -> tuple[Model, ...]:
    """The models that the caller may name and be answered by."""
    if caller.terms.names_all:
        return programs.models()
    return tuple(_allowed(caller.terms, programs))


def _allowed(terms: Terms, programs: Programs) -> Iterator[Model]:
    for model in programs.models():
        if (not terms.models or model.id in terms.models) and _why_not(model, terms) is None:
            yield model


def _why_not(model: Model, terms: Terms) -> str | None:
    return None if model.expert is None else terms.limits.why_not(selectors_of(model.expert))


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
