"""What a caller is told that may take no more: what was exceeded, its limit, and when it resets."""

from __future__ import annotations

from orchestrator.access.caller import Caller
from orchestrator.errors import LimitsError, OrchestratorError, QuotaError, RateLimitedError
from orchestrator.store.meters import Taken, Wish

_NANO = 1e9


def refusal(taken: Taken, wish: Wish, caller: Caller) -> OrchestratorError:
    """The error for a wish that was not granted."""
    retry_s = None if taken.retry_ms is None else taken.retry_ms / 1000
    if taken.refused in ("day", "all"):
        return _over_budget(taken, wish, caller, resets_s=retry_s)
    terms, key = caller.terms, f"key {caller.key_id!r}"
    if taken.refused == "concurrent":
        return RateLimitedError(
            f"{key} has {terms.max_concurrent} requests under way, as many as it may at a time: "
            "wait for one to end",
            retry_after_s=retry_s,
        )
    if taken.refused == "requests":
        return RateLimitedError(
            f"{key} may begin {terms.requests_per_minute} requests a minute and has begun them: "
            f"try again in {retry_s or 0:.3g} s",
            retry_after_s=retry_s,
        )
    wanted = f"this call may take {wish.tokens} tokens"
    if retry_s is None:
        return LimitsError(
            f"{wanted}, and {key} may take {terms.tokens_per_minute} a minute: lower max_tokens "
            "or shorten the prompt",
            param="max_tokens",
        )
    return RateLimitedError(
        f"{wanted}, and of the {terms.tokens_per_minute} that {key} may take a minute "
        f"{taken.available} are left: try again in {retry_s:.3g} s, or lower max_tokens",
        retry_after_s=retry_s,
    )


def _over_budget(
    taken: Taken, wish: Wish, caller: Caller, *, resets_s: float | None
) -> OrchestratorError:
    is_day = taken.refused == "day"
    limit = caller.terms.budget_day_usd if is_day else caller.terms.budget_usd
    when = "does not reset: have it raised"
    if is_day:
        when = "resets at midnight UTC"
        if resets_s is not None:
            when += f", in {resets_s:.0f} s"
    return QuotaError(
        f"{taken.available / _NANO:.6g} USD are left of the {limit:.6g} USD that key "
        f"{caller.key_id!r} may spend {'a day' if is_day else 'in all'}, calls under way counted "
        f"at their most, and this call may take {wish.nano_usd / _NANO:.6g}; the budget {when}, "
        "or lower max_tokens",
        retry_after_s=resets_s,
    )
