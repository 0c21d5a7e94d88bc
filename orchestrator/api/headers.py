"""The one table of headers that this service adds to its responses."""

from __future__ import annotations

from orchestrator.api.exchange import Exchange

REQUEST_ID = "x-orchestrator-request-id"
MODEL = "x-orchestrator-model"
EXPERT = "x-orchestrator-expert"
ROUTER = "x-orchestrator-router"
FALLBACK = "x-orchestrator-fallback"
GENERATION = "x-orchestrator-generation"
OVERHEAD_MS = "x-orchestrator-overhead-ms"
DEFAULTS = "x-orchestrator-defaults"
IGNORED = "x-orchestrator-ignored"
#: The name that OpenAI's clients read a request's id from.
OPENAI_REQUEST_ID = "x-request-id"

#: Header -> meaning, in the order of the documentation.
TABLE: dict[str, str] = {
    REQUEST_ID: "The request's id: the caller's valid `x-request-id`, or a new one. Always sent.",
    OPENAI_REQUEST_ID: "The same id, where OpenAI's clients look for it. Always sent.",
    MODEL: "The expert or composition that the caller named.",
    EXPERT: "The expert that answers.",
    ROUTER: "The router that chose it, as `id@version`.",
    FALLBACK: "`true` when the router was unsure and the general expert answers.",
    GENERATION: "The registry generation that the request is pinned to.",
    OVERHEAD_MS: "Our own time up to the first byte, ms: waiting for engine and caller excluded.",
    DEFAULTS: "Values the registry filled in where the caller was silent: `max_tokens=256`.",
    IGNORED: "What the caller sent and this service left aside, by name.",
}


def headers_of(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """The headers that say what happened to a request, as ASGI wants them."""
    request_id = exchange.request_id.encode()
    found = [(b"x-orchestrator-request-id", request_id), (b"x-request-id", request_id)]
    if exchange.ignored:
        found.append((IGNORED.encode(), ", ".join(exchange.ignored).encode()))
    if exchange.generation is not None:
        found.append((b"x-orchestrator-generation", b"%d" % exchange.generation))
        found.append((b"x-orchestrator-overhead-ms", b"%.3f" % exchange.overhead_ms()))
    if exchange.decision is not None:
        found.extend(_decided(exchange))
    return found


def _decided(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    decision = exchange.decision
    assert decision is not None, "the caller checks"
    found = [
        (b"x-orchestrator-model", exchange.model.encode()),
        (b"x-orchestrator-expert", decision.expert.encode()),
    ]
    if decision.router is not None:
        router = f"{decision.router}@{decision.router_version}"
        found.append((b"x-orchestrator-router", router.encode("latin-1", "replace")))
    if decision.route is not None and decision.route.is_fallback:
        found.append((b"x-orchestrator-fallback", b"true"))
    if decision.defaults:
        filled = ", ".join(f"{name}={value:g}" for name, value in decision.defaults.items())
        found.append((b"x-orchestrator-defaults", filled.encode()))
    return found
