"""What an answer would take of each expert: room, price, energy and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from orchestrator.compositions.allowed import Expected
from orchestrator.compositions.size import Size, size_of
from orchestrator.compositions.slot_prices import has_slot, slot_hours, slot_rates
from orchestrator.engines.base import Sampling, Text
from orchestrator.engines.foresight import Foresight
from orchestrator.registry.engine_entry import LitellmEngine, OpenAIEngine
from orchestrator.registry.models import Expert, Registry

_TOKENS_A_RATE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a request asks of whoever answers it."""

    size: Size
    sampling: Sampling


def load_of_inputs(inputs: Sequence[Text]) -> Load:
    """What embedding asks of an expert: to read, and to write nothing."""
    sizes = [size_of(one) for one in inputs]
    whole = Size(
        low=sum(one.low for one in sizes),
        high=sum(one.high for one in sizes),
        most=sum(one.most for one in sizes),
    )
    return Load(size=whole, sampling=Sampling(max_tokens=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What of an expert decides what its answers take."""

    key: str
    #: Tokens.
    context: float
    #: Longest answer where the caller does not say, tokens.
    num_out: int
    #: Of a prompt and an answer token; `None` where the registry does not say and some are due.
    usd: tuple[float, float] | None
    joules: tuple[float, float] | None


class Expecting:
    """Foresees answers of the experts of one generation.

    Args:
        registry: the generation's content.
        foresight: what is known of engines; `None` where nothing is.
    """

    def __init__(self, registry: Registry, *, foresight: Foresight | None) -> None:
        default = registry.defaults.max_tokens
        hour_usd = slot_hours(registry).dearest
        self._facts = {
            one.id: _facts(one, default=default, hour_usd=hour_usd) for one in registry.experts
        }
        self._foresight = foresight

    def context(self, expert_id: str) -> float:
        """Tokens that prompt and answer may have together, infinite where nobody says."""
        return self._facts[expert_id].context

    def room(self, expert_id: str, num_out: int | None = None) -> float:
        """Tokens that an answer of `num_out`, or of the default, leaves for the prompt."""
        facts = self._facts[expert_id]
        return facts.context - (facts.num_out if num_out is None else num_out)

    def num_out(self, expert_id: str, load: Load) -> int:
        """Tokens of the longest answer."""
        asked = load.sampling.max_tokens
        return self._facts[expert_id].num_out if asked is None else asked

    def of(self, expert_id: str, load: Load) -> Expected:
        """All that an answer to `load` would take."""
        return Expected(
            price_usd=self.price_usd(expert_id, load),
            energy_j=self.energy_j(expert_id, load),
            latency_s=self.answer_s(expert_id),
            tokens=load.size.most + self.num_out(expert_id, load) * load.sampling.n,
        )

    def price_usd(self, expert_id: str, load: Load) -> float | None:
        """What it may cost, USD; `None` where the registry has no price of an upstream."""
        return self._spent(expert_id, load, self._facts[expert_id].usd)

    def energy_j(self, expert_id: str, load: Load) -> float | None:
        """What it may take of power, J; `None` where the registry does not say."""
        return self._spent(expert_id, load, self._facts[expert_id].joules)

    def answer_s(self, expert_id: str) -> float | None:
        """Seconds in which an answer of usual length would be there."""
        if self._foresight is None:
            return None
        return self._foresight.answer_s(self._facts[expert_id].key)

    def _spent(self, expert_id: str, load: Load, rates: tuple[float, float] | None) -> float | None:
        if rates is None:
            return None
        num_out = self.num_out(expert_id, load) * load.sampling.n
        return (load.size.most * rates[0] + num_out * rates[1]) / _TOKENS_A_RATE


def _facts(expert: Expert, *, default: int, hour_usd: float) -> _Facts:
    engine, price, energy = expert.engine, expert.price, expert.energy
    context = getattr(engine, "max_model_len", None) or getattr(engine, "max_context", None)
    usd: tuple[float, float] | None = (price.input_usd_per_mtok, price.output_usd_per_mtok)
    if not price.model_fields_set:
        is_unpriced = isinstance(engine, OpenAIEngine | LitellmEngine)
        usd = None if is_unpriced else slot_rates(hour_usd if has_slot(expert) else 0.0)
    return _Facts(
        key=expert.key,
        context=inf if context is None else context,
        num_out=expert.defaults.max_tokens or default,
        usd=usd,
        joules=None if energy is None else (energy.input_j_per_mtok, energy.output_j_per_mtok),
    )
