"""The one table of headers that this service adds to its responses."""

from __future__ import annotations

from orchestrator.api.exchange import Exchange
from orchestrator.api.standings import standings_of
from orchestrator.api.waited import Waited
from orchestrator.compositions.base import Decision

REQUEST_ID = b"x-orchestrator-request-id"
MODEL = b"x-orchestrator-model"
EXPERT = b"x-orchestrator-expert"
ROUTER = b"x-orchestrator-router"
FAILED = b"x-orchestrator-failed"
FALLBACK = b"x-orchestrator-fallback"
REACHED = b"x-orchestrator-reached"
RECALLED = b"x-orchestrator-recalled"
GENERATION = b"x-orchestrator-generation"
OVERHEAD_MS = b"x-orchestrator-overhead-ms"
DEFAULTS = b"x-orchestrator-defaults"
IGNORED = b"x-orchestrator-ignored"
CACHE = b"x-orchestrator-cache"
REPLAYED = b"x-orchestrator-replayed"
COST_USD = b"x-orchestrator-cost-usd"
QUEUE_POSITION = b"x-orchestrator-queue-position"
EXPECTED_WAIT_S = b"x-orchestrator-expected-wait-s"
WAITED_S = b"x-orchestrator-waited-s"
#: The name that OpenAI's clients read a request's id from.
OPENAI_REQUEST_ID = b"x-request-id"

LIMIT_REQUESTS = b"x-ratelimit-limit-requests"
REMAINING_REQUESTS = b"x-ratelimit-remaining-requests"
RESET_REQUESTS = b"x-ratelimit-reset-requests"
LIMIT_TOKENS = b"x-ratelimit-limit-tokens"
REMAINING_TOKENS = b"x-ratelimit-remaining-tokens"
RESET_TOKENS = b"x-ratelimit-reset-tokens"

#: Header -> meaning, in the order of the documentation.
TABLE: dict[bytes, str] = {
    REQUEST_ID: "The request's id: the caller's valid `x-request-id`, or a new one. Always sent.",
    OPENAI_REQUEST_ID: "The same id, where OpenAI's clients look for it.",
    MODEL: "The expert or composition that the caller named.",
    EXPERT: "The expert that answers; left out where none does.",
    ROUTER: "The router that chose it, as `id@version`.",
    FALLBACK: "`true` when the router was unsure and the general expert answers.",
    RECALLED: "`true` when the answer was known and no expert was asked.",
    FAILED: "Experts that were to answer before this one and could not: `math=engine_dead`.",
    REACHED: (
        "Caps for which a composition left something out: the answer is the best within them. Of a "
        "stream those met before its head left; it ends with a comment of all."
    ),
    GENERATION: "The registry generation that the request is pinned to.",
    OVERHEAD_MS: "Our own time up to the first byte, ms: waiting for engine and caller excluded.",
    DEFAULTS: "Values the registry filled in where the caller was silent: `max_tokens=256`.",
    COST_USD: (
        "What a whole answer cost, USD: the registry's price, else what the expert's engine says; "
        "left out where nobody knows. The headers of a stream leave before its tokens."
    ),
    QUEUE_POSITION: "Of a request that waited for its turn: its place when it came; 1 is next.",
    EXPECTED_WAIT_S: "The estimate it was given then, s; left out where nobody could say.",
    WAITED_S: (
        "How long it waited, s. A stream that waits begins before its wait is over: its comments "
        "say it instead."
    ),
    LIMIT_REQUESTS: "Requests that the key may begin a minute; left out where it has no limit.",
    REMAINING_REQUESTS: "How many of them are left.",
    RESET_REQUESTS: "When all of them are there again, as OpenAI writes it: `1m1s`, `350ms`.",
    LIMIT_TOKENS: "Tokens that the key may take a minute; left out where it has no limit.",
    REMAINING_TOKENS: "How many of them are left, calls under way counted at their most.",
    RESET_TOKENS: "When all of them are there again.",
    CACHE: (
        "Where answers are kept: `miss`, `bypass`, or `hit` with how it was found and its age: "
        "`hit; kind=exact; age_s=12`; `x-orchestrator-expert` says who wrote it."
    ),
    REPLAYED: "`true` when the first answer to its `idempotency-key` is told again.",
    IGNORED: "What the caller sent and this service left aside, by name.",
}


def headers_of(exchange: Exchange, *, sends_x_request_id: bool) -> list[tuple[bytes, bytes]]:
    """The headers that say what happened to a request, as ASGI wants them."""
    request_id = exchange.request_id.encode()
    found = [(REQUEST_ID, request_id)]
    if sends_x_request_id:
        found.append((OPENAI_REQUEST_ID, request_id))
    if exchange.ignored:
        found.append((IGNORED, ", ".join(exchange.ignored).encode()))
    found += _told_again(exchange)
    if exchange.generation is not None:
        found.append((GENERATION, b"%d" % exchange.generation))
        found.append((OVERHEAD_MS, b"%.3f" % exchange.overhead_ms()))
    if exchange.usage is not None and exchange.usage.cost_usd is not None:
        found.append((COST_USD, b"%.9g" % exchange.usage.cost_usd))
    if exchange.waited is not None:
        found.extend(_waited(exchange.waited))
    found.extend(_told(exchange))
    return found


def _told(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Who answers, and what is left to its caller."""
    found: list[tuple[bytes, bytes]] = []
    if exchange.decision is not None:
        found.append((MODEL, exchange.model.encode()))
        found.extend(_decided(exchange.decision))
    if exchange.admission is not None:
        found.extend(standings_of(exchange.admission.standings))
    if exchange.reached:
        found.append((REACHED, ", ".join(exchange.reached).encode()))
    return found


def _told_again(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    found = [(REPLAYED, b"true")] if exchange.is_replayed else []
    if exchange.cache is not None:
        found.append((CACHE, exchange.cache.told.encode()))
    return found


def _waited(waited: Waited) -> list[tuple[bytes, bytes]]:
    found = [(QUEUE_POSITION, b"%d" % waited.position)]
    if waited.expected_s is not None:
        found.append((EXPECTED_WAIT_S, b"%.3f" % waited.expected_s))
    if waited.is_over:
        found.append((WAITED_S, b"%.3f" % waited.waited_s))
    return found


def _decided(decision: Decision) -> list[tuple[bytes, bytes]]:
    expert = decision.answered_by
    found = [(RECALLED, b"true")] if expert is None else [(EXPERT, expert.encode())]
    if decision.router is not None:
        router = f"{decision.router}@{decision.router_version}"
        found.append((ROUTER, router.encode("latin-1", "replace")))
    if decision.route is not None and decision.route.is_fallback:
        found.append((FALLBACK, b"true"))
    if decision.failed:
        failed = ", ".join(f"{name}={code}" for name, code in decision.failed.items())
        found.append((FAILED, failed.encode()))
    if decision.defaults:
        filled = ", ".join(f"{name}={value}" for name, value in decision.defaults.items())
        found.append((DEFAULTS, filled.encode()))
    return found
