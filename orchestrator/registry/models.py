"""The registry as values: what `experts.yaml` says, validated and frozen.

One `Registry` is one generation. Each field's description is what editors show and what the
generated JSON Schema carries. What one entry alone cannot know (references, files, memory) is
checked beside it: `references`, `artifacts`, `capacity`, `upstreams`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import Field, field_validator

from orchestrator.registry.compositions import CompositionSpec
from orchestrator.registry.engine_entry import EngineSpec, ReplayEngine, VllmEngine
from orchestrator.registry.fields import Entry, Id, Label, Sha256
from orchestrator.registry.node_labels import require_labels
from orchestrator.registry.routers import RouterSpec

Modality = Literal["text", "image"]
#: Tool calls, answers of a given form, and log-probabilities of tokens.
Lack = Literal["tools", "structure", "logprobs"]

#: What decides an expert's words and its engine: an edit of anything else touches no worker.
_DEFINITION = frozenset(
    {"model", "revision", "sha256", "base", "adapter", "variants", "max_loss", "engine"}
)


def key_of(expert_id: str, version: str) -> str:
    """One definition of an expert: what slots host and calls are sent by."""
    return f"{expert_id}@{version}"


def id_of(key: str) -> str:
    """The expert whose definition a key stands for; names without a version are as they are."""
    return key.partition("@")[0]


class Variant(Entry):
    """The same expert in fewer bits (EdgeMoE, arXiv:2308.14352)."""

    name: Id = Field(description="Its name in logs; unique among the expert's variants.")
    model: str | None = Field(
        None, min_length=1, description="Folder or id of its weights; the expert's own by default."
    )
    dtype: Literal["float32", "bfloat16", "float16"] | None = Field(
        None, description="Arithmetic type; the engine's by default."
    )
    args: dict[str, Any] = Field(
        default_factory=dict, description="Engine arguments that differ, such as `quantization`."
    )
    loss: float = Field(ge=0, description="Quality lost, measured, points of a hundred.")


class Price(Entry):
    """What the expert's tokens cost."""

    input_usd_per_mtok: float = Field(0.0, ge=0, description="USD per million prompt tokens.")
    output_usd_per_mtok: float = Field(0.0, ge=0, description="USD per million output tokens.")


class Energy(Entry):
    """What the expert's tokens take of power, as its operator measured it."""

    input_j_per_mtok: float = Field(ge=0, description="Joules per million prompt tokens.")
    output_j_per_mtok: float = Field(ge=0, description="Joules per million output tokens.")


class ExpertDefaults(Entry):
    """Sampling defaults of an expert, where the caller is silent."""

    temperature: float | None = Field(None, ge=0, le=2, description="0 always takes the likeliest.")
    top_p: float | None = Field(None, gt=0, le=1, description="Probability mass to draw from.")
    max_tokens: int | None = Field(None, ge=1, description="Longest answer, tokens.")


class Expert(Entry):
    """A model that answers, and what is known about it."""

    id: Id = Field(description="The name callers use; unique among experts and compositions.")
    model: str | None = Field(
        None,
        min_length=1,
        description="A folder, relative to the registry file, a Hugging Face id or a URL.",
    )
    revision: str | None = Field(
        None, min_length=1, description="Commit, tag or branch of a Hugging Face id."
    )
    sha256: dict[str, Sha256] = Field(
        default_factory=dict, description="SHA-256 that files of the model must have, by name."
    )
    base: Id | None = Field(None, description="Expert whose weights the adapter is put on.")
    adapter: str | None = Field(
        None, min_length=1, description="Folder, id or URL of a LoRA adapter on `base`."
    )
    variants: tuple[Variant, ...] = Field((), description="The same expert in fewer bits.")
    max_loss: float = Field(
        0.0, ge=0, description="Loss up to which a variant may serve, points of a hundred."
    )
    engine: EngineSpec = Field(VllmEngine(), description="What generates its tokens.")
    description: str | None = Field(None, description="One sentence for people.")
    skills: tuple[Label, ...] = Field((), description="What it is good at, for people and routers.")
    tags: tuple[Label, ...] = Field((), description="Free labels to include or exclude by.")
    license: str | None = Field(None, description="SPDX name of the weights' licence.")
    owner: str | None = Field(None, description="Who owns the weights or their data.")
    parameters: int | None = Field(None, ge=1, description="Number of weights.")
    modalities: tuple[Modality, ...] = Field(
        ("text",), min_length=1, description="What a prompt may hold."
    )
    price: Price = Field(Price(), description="What its tokens cost.")
    energy: Energy | None = Field(None, description="What its tokens take of power.")
    lacks: tuple[Lack, ...] = Field((), description="What it cannot do and its engine's kind can.")
    defaults: ExpertDefaults = Field(
        ExpertDefaults(), description="Sampling where the caller is silent."
    )

    @property
    def is_adapter(self) -> bool:
        """Whether it is put on the weights of another expert."""
        return self.base is not None or self.adapter is not None

    @cached_property
    def version(self) -> str:
        """12 hex digits over what decides its words and its engine."""
        definition = self.model_dump(mode="json", include=set(_DEFINITION))
        text = json.dumps(definition, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def goes_on(self) -> bool:
        """Whether it can go on in the middle of an answer that another call began."""
        if isinstance(self.engine, ReplayEngine):
            return False
        return getattr(self.engine, "continues", "template") != "no"

    @property
    def key(self) -> str:
        """Its id and version: a request means the definition that its generation has."""
        return key_of(self.id, self.version)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See `BaseModel.model_copy`; a copy with other fields is another version."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("version", None)
        return copy

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors of texts rather than text."""
        return getattr(self.engine, "task", "generate") == "embed"


class Slot(Entry):
    """Where engines run: accelerators of one node, or a share of its CPU."""

    name: Id = Field(description="Its name in logs and metrics; unique among slots.")
    count: int = Field(1, ge=1, description="How many like it.")
    memory_gib: float = Field(gt=0, description="Memory for engines, GiB.")
    engine_overhead_gib: float = Field(
        1.0, ge=0, description="Memory an engine takes beside weights and KV cache, GiB."
    )
    engines: int = Field(
        1,
        ge=1,
        description="Engines of one lineage that a slot may have at once, memory permitting.",
    )
    accelerators: int = Field(0, ge=0, description="GPUs of one slot; 0 runs on the CPU.")
    accelerator: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        description="On a cluster, kind of GPUs of its node as Ray calls it (`H100`); else any.",
    )
    label_selector: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "On a cluster, labels of its node, all of them (`ray.io/market-type: spot`); else any."
        ),
    )
    cpus: float = Field(1, gt=0, description="CPU share of one slot.")
    usd_per_hour: float | None = Field(
        None,
        ge=0,
        description="What an hour of one costs, USD: calls of experts without a price share it.",
    )

    @field_validator("label_selector")
    @classmethod
    def _has_labels(cls, value: dict[str, str]) -> dict[str, str]:
        require_labels(value)
        return value


class Defaults(Entry):
    """What holds where experts, compositions and callers are silent."""

    timeout_s: float = Field(120.0, gt=0, description="Longest time of a request, seconds.")
    stall_s: float = Field(
        30.0, gt=0, description="Longest silence in the middle of an answer, seconds."
    )
    max_tokens: int = Field(256, ge=1, description="Longest answer, tokens.")
    max_queue: int = Field(1024, ge=1, description="Requests that may wait at one slot.")
    max_wait_s: float = Field(
        30.0, gt=0, description="Longest wait for an expert's turn, seconds; then 503."
    )
    max_calls: int = Field(
        64, ge=1, description="Calls of experts that one request to a composition may make."
    )
    max_retries: int = Field(
        8, ge=0, description="Further tries of all calls of one request: other slots and experts."
    )
    patience: float = Field(
        0.5, ge=0, le=1, description="0 swaps for the least wait, 1 as rarely as max_wait_s allows."
    )
    beside: float = Field(
        0.03,
        ge=0,
        le=1,
        description="Share of what an engine takes at once, for batches beside callers.",
    )
    placement: Literal["fixed", "observed"] = Field(
        "observed", description="Homes: by load, or none."
    )
    prefetch: bool = Field(True, description="Read weights that are needed next ahead of time.")


class Registry(Entry):
    """One generation: experts, routers, compositions and slots."""

    version: Literal[1] = Field(1, description="Version of this file's format.")
    experts: tuple[Expert, ...] = Field(min_length=1, description="The models that answer.")
    routers: dict[Id, RouterSpec] = Field(
        default_factory=dict, description="What scores experts for a prompt, by name."
    )
    compositions: dict[Id, CompositionSpec] = Field(
        default_factory=dict, description="Programs that callers use as models, by name."
    )
    slots: tuple[Slot, ...] = Field((), description="Where engines run.")
    defaults: Defaults = Field(Defaults(), description="What holds where all others are silent.")

    def expert(self, expert_id: str) -> Expert | None:
        """The expert of this id, if it is here."""
        return next((expert for expert in self.experts if expert.id == expert_id), None)
