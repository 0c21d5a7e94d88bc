"""The catalogue of metrics: every name, unit and label the service exports.

Names end in their unit. Later parts extend the catalogue here and nowhere else, so that a
dashboard can be checked against it.
"""

from __future__ import annotations

import os
from pathlib import Path

# First: it opens its files as it is imported, and the folder may be on a node that is new.
if _FOLDER := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(_FOLDER).mkdir(parents=True, exist_ok=True)

from prometheus_client import Counter, Gauge, Histogram

_LATENCY_S = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

REQUESTS = Counter(
    "orchestrator_requests_total", "Requests ended.", ["endpoint", "model", "expert", "status"]
)
BUILD = Gauge(
    "orchestrator_build_info",
    "1 for the version that serves; two while gateways are replaced one by one.",
    ["version", "python"],
    multiprocess_mode="livemax",
)
REQUEST_SECONDS = Histogram(
    "orchestrator_request_seconds",
    "From arrival to the last byte.",
    ["endpoint"],
    buckets=_LATENCY_S,
)
FIRST_TOKEN_SECONDS = Histogram(
    "orchestrator_first_token_seconds",
    "From arrival to the first token.",
    ["endpoint"],
    buckets=_LATENCY_S,
)
OVERHEAD_SECONDS = Histogram(
    "orchestrator_overhead_seconds",
    "Own time of a request, the engine's excluded.",
    ["endpoint"],
    buckets=(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
)
ROUTING_SECONDS = Histogram(
    "orchestrator_routing_seconds",
    "One routing decision.",
    ["router"],
    buckets=(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1),
)
RECALLED = Counter(
    "orchestrator_recalled_total", "Requests that had a known answer and no expert.", ["router"]
)
ROUTES = Counter(
    "orchestrator_routes_total",
    "Requests that a router placed, by the way to the one that chose; itself where it has none.",
    ["router", "chosen_by"],
)
SHADOWS = Counter(
    "orchestrator_shadow_total",
    "Prompts that a shadow was asked beside the router that decided, by whether both chose alike.",
    ["router", "shadow", "agreed"],
)
TOKENS = Counter(
    "orchestrator_tokens_total", "Tokens by expert and direction.", ["expert", "direction"]
)
COST_USD = Counter(
    "orchestrator_cost_usd_total", "Price of calls, of those whose price is known.", ["expert"]
)
STAGES = Counter(
    "orchestrator_stages_total",
    "Stages that ended, of compositions that work in stages, nested ones too.",
    ["composition", "stage"],
)
STAGE_CALLS = Counter(
    "orchestrator_stage_calls_total",
    "Calls of stages, by how they ended: done, cancelled, or the code of an error.",
    ["composition", "ending"],
)
REACHED = Counter(
    "orchestrator_reached_total",
    "Requests for which something was left out, by the cap that was met.",
    ["composition", "cap"],
)
CACHE = Counter(
    "orchestrator_cache_total",
    "Requests where answers are kept: hit, miss or bypass, and how a hit was found.",
    ["outcome", "kind"],
)
CACHE_DROPPED = Counter(
    "orchestrator_cache_dropped_total",
    "Answers that were not kept: too long, or the store was away or slow.",
)
REPEATS = Counter(
    "orchestrator_repeats_total",
    "Requests with an idempotency key: begun, replayed, under_way, or differs from the first.",
    ["outcome"],
)
IN_FLIGHT = Gauge(
    "orchestrator_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum"
)
SHED = Counter(
    "orchestrator_shed_requests_total",
    "Requests that a gateway turned away since it had too many or was too late.",
    ["reason"],
)
CONTINUED = Counter(
    "orchestrator_continued_answers_total",
    "Answers that broke off and were gone on with by another call, by what had failed.",
    ["code"],
)
CIRCUIT_CHANGES = Counter(
    "orchestrator_circuit_changes_total",
    "Changes of circuits of engines, by the state that was reached; the log says whose and why.",
    ["state"],
)
OPEN_CIRCUITS = Gauge(
    "orchestrator_open_circuits",
    "Gateways that leave an engine alone for a while after it failed.",
    ["engine"],
    multiprocess_mode="livesum",
)
GENERATION = Gauge(
    "orchestrator_generation",
    "The registry generation that new requests are pinned to.",
    multiprocess_mode="liveall",
)
SWAPS = Counter(
    "orchestrator_swaps_total",
    "Steps of a slot's engines that ended, by the step of the ladder and by outcome.",
    ["slot", "kind", "outcome"],
)
SWAP_SECONDS = Histogram(
    "orchestrator_swap_seconds",
    "One step of the ladder that succeeded.",
    ["slot", "kind"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 120),
)
EVICTIONS = Counter(
    "orchestrator_evictions_total",
    "Experts that a step took the place of.",
    ["slot", "kind"],
)
PREFETCHES = Counter(
    "orchestrator_prefetches_total",
    "Experts whose weights were read into the page cache ahead of need.",
    ["slot", "outcome"],
)
QUEUE_LENGTH = Gauge(
    "orchestrator_queue_length", "Calls waiting at a slot.", ["slot"], multiprocess_mode="livesum"
)
BACKGROUND_QUEUE_LENGTH = Gauge(
    "orchestrator_background_queue_length",
    "Calls waiting at a slot that nobody waits for: those of batches.",
    ["slot"],
    multiprocess_mode="livesum",
)
BACKGROUND_CALLS = Counter(
    "orchestrator_background_calls_total",
    "Turns of calls that nobody waits for: given, and called back for others.",
    ["slot", "event"],
)
QUEUE_WAIT_SECONDS = Histogram(
    "orchestrator_queue_wait_seconds",
    "From arrival at a slot to the end of the wait, by how it ended.",
    ["slot", "outcome"],
    buckets=_LATENCY_S,
)
ADMISSIONS = Counter(
    "orchestrator_admissions_total",
    "Calls whose turn came; a hit found its expert resident when it arrived.",
    ["slot", "residency"],
)
REFUSALS = Counter(
    "orchestrator_refusals_total", "Calls refused before their turn.", ["slot", "reason"]
)
BROKEN_EXPERTS = Gauge(
    "orchestrator_broken_experts",
    "Experts of a slot that are left alone, since they could not be made resident.",
    ["slot"],
    multiprocess_mode="livemostrecent",
)
MEMORY_GIB = Gauge(
    "orchestrator_memory_gib",
    "Memory of a slot by its ledger: what engines have taken, and the room there is for them.",
    ["slot", "ledger", "part"],
    multiprocess_mode="livemostrecent",
)
TRACE_SRP = Gauge(
    "orchestrator_trace_srp_ratio",
    "Best F1 of one fixed set of experts on a slot's recent calls.",
    ["slot"],
    multiprocess_mode="livemostrecent",
)
TRACE_SCH = Gauge(
    "orchestrator_trace_sch_ratio",
    "Hit rate that a slot could have on its recent calls if it knew the next ones.",
    ["slot"],
    multiprocess_mode="livemostrecent",
)
BATCH_LINES = Counter(
    "orchestrator_batch_lines_total",
    "Lines of batches that ended, by outcome, and further tries of them.",
    ["outcome"],
)
BATCH_HELD_CALLS = Gauge(
    "orchestrator_batch_held_calls",
    "Calls of batch lines that are held until their run comes.",
    multiprocess_mode="livesum",
)
BATCH_OPEN_LINES = Gauge(
    "orchestrator_batch_open_lines",
    "Lines of batches that are begun and not answered.",
    multiprocess_mode="livesum",
)
BATCH_RUNS = Counter(
    "orchestrator_batch_runs_total",
    "Runs of batches that began, by whether their expert was resident.",
    ["slot", "residency"],
)
BATCH_PLANS = Counter(
    "orchestrator_batch_plans_total", "Plans of batches that were made, the first and later ones."
)
STORE_UP = Gauge(
    "orchestrator_store_up",
    "1 while every gateway, or the batch runner, reaches the store; 0 while one does not.",
    # Without a label every process that imports this would have a series of 0.
    ["part"],
    multiprocess_mode="livemin",
)
SETTLEMENTS_DROPPED = Counter(
    "orchestrator_settlements_dropped_total",
    "Calls that could not be settled with the store and stay charged at their most.",
)
METER_REFUSALS = Counter(
    "orchestrator_meter_refusals_total",
    "Requests and calls that a key's limits refused, by what was exceeded.",
    ["limit"],
)
USAGE_DROPPED = Counter(
    "orchestrator_usage_dropped_total",
    "Rows of usage that were not counted, since too many waited for the store.",
)
RECORDS_DROPPED = Counter(
    "orchestrator_records_dropped_total",
    "Decision records lost because the store was slow or away.",
)
ROLLOUTS = Counter(
    "orchestrator_rollouts_total", "Edits of the registry, by how they ended.", ["outcome"]
)
ROLLOUT_SECONDS = Histogram(
    "orchestrator_rollout_seconds",
    "From a checked edit to its generation being live.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900),
)
REGISTRY_VALID = Gauge(
    "orchestrator_registry_valid",
    "1 while the last edit of the registry is live, 0 while it failed.",
    multiprocess_mode="livemax",
)
