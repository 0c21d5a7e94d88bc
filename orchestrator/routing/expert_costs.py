"""What experts cost, as their registry and what they were measured at tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert, Registry
from orchestrator.registry.reckoning import loaded_gib
from routers.datasets import Example, Outcome
from routers.spending import Costs, Measure

_BILLION = 1e9
#: Where nobody counted a prompt's tokens.
_CHARS_PER_TOKEN = 4
_REQUESTS = 1000
_TOKENS_PER_MTOK = 1e6


def registry_costs(
    registry: Registry, examples: Sequence[Example], outcomes: Sequence[Outcome]
) -> Costs:
    """Costs of a registry's experts; what it does not tell stays unknown.

    `parameters` count as total and as active ones. Memory is weights and KV cache, as if no engine
    were shared. The price of a request is that of its mean tokens: those generated as the outcomes
    count them, those of the prompt as a fourth of its characters.
    """
    on_cpu = not any(slot.accelerators for slot in registry.slots)
    own = {
        expert.id: _told(expert, on_cpu=on_cpu) | _priced(expert, examples, outcomes)
        for expert in registry.experts
    }
    return with_seconds(Costs(by_expert=own), outcomes)


def with_seconds(costs: Costs, outcomes: Sequence[Outcome]) -> Costs:
    """The costs, and the mean seconds of an answer where outcomes have them and nobody told."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for one in outcomes:
        if one.seconds is not None:
            seconds[one.expert].append(one.seconds)
    found: dict[str, dict[Measure, float]] = {
        name: {"latency_s": sum(own) / len(own)} for name, own in seconds.items()
    }
    names = {*costs.by_expert, *found}
    return Costs(
        by_expert={
            name: {**found.get(name, {}), **costs.by_expert.get(name, {})} for name in sorted(names)
        }
    )


def _told(expert: Expert, *, on_cpu: bool) -> dict[Measure, float]:
    if expert.parameters is None:
        return {}
    size_b = expert.parameters / _BILLION
    told: dict[Measure, float] = {"total_params_b": size_b, "active_params_b": size_b}
    if isinstance(expert.engine, VllmEngine):
        weights_gib, _ = loaded_gib(
            expert.engine, None, parameters=expert.parameters, on_cpu=on_cpu
        )
        told["memory_gib"] = weights_gib + expert.engine.kv_cache_gib
    return told


def _priced(
    expert: Expert, examples: Sequence[Example], outcomes: Sequence[Outcome]
) -> dict[Measure, float]:
    counted = [one.tokens for one in outcomes if one.expert == expert.id and one.tokens is not None]
    price = expert.price
    if not counted and price.output_usd_per_mtok:
        return {}
    chars = sum(len(example.prompt) for example in examples) / max(len(examples), 1)
    asked_usd = chars / _CHARS_PER_TOKEN * price.input_usd_per_mtok
    answered_usd = sum(counted) / max(len(counted), 1) * price.output_usd_per_mtok
    return {"price_usd_per_1000": (asked_usd + answered_usd) * _REQUESTS / _TOKENS_PER_MTOK}
