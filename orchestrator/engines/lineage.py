"""Which experts can share one live engine, because their weights differ in value only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestrator.engines.fetched import fetched_adapter, fetched_folder, outline_folder
from orchestrator.errors import RegistryError, SwapError
from orchestrator.registry import reckoning
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.kinship import comparable_config
from orchestrator.registry.lora import USUAL_RANK, read_adapter, roomy_rank
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import Stamp, Weights, read_checkpoint, stamp

_PARSERS = frozenset({"tool_parser", "reasoning_parser"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Experts that one engine can be, one after another, and adapters on them.

    They have equal architecture, tensor names, shapes and dtypes, and equal engine settings;
    their tokenizers, chat templates and parsers may differ. An adapter is of its base's lineage.
    """

    #: Architecture and a digest of what the siblings share, such as `llama-3f9a17c2`.
    id: str
    experts: tuple[Expert, ...]
    #: What relative model paths are relative to.
    root: Path
    #: Bytes of one expert's weights once loaded; by `parameters` where they are fetched and not
    #: yet known, and 0 where that is silent.
    num_weight_bytes: int = 0
    #: Whether the engine runs on a CPU.
    on_cpu: bool = True
    #: Largest rank of an adapter that its engine has room for, 0 where it takes none.
    max_lora_rank: int = 0
    #: Bytes that this room takes, whether there is an adapter in it or not.
    num_adapter_bytes: int = 0

    @property
    def max_adapters(self) -> int:
        """Adapters that its engine holds at once."""
        engine = self.experts[0].engine if self.experts else None
        return (engine.max_loras or 0) if isinstance(engine, VllmEngine) else 0

    def expert(self, expert_id: str) -> Expert | None:
        """The expert of this id, if it is here."""
        return next((expert for expert in self.experts if expert.id == expert_id), None)

    def led_by(self, first: Expert) -> Lineage:
        """The same lineage with `first` ahead of the others: what an engine starts with."""
        others = tuple(one for one in self.experts if one.key != first.key)
        return replace(self, experts=(first, *others))

    def holds(self, expert: Expert) -> bool:
        """Whether `expert`, as it is configured now, can be one of this lineage; reads headers.

        Raises:
            RegistryError: its checkpoint cannot be read.
        """
        if expert.key in {known.key for known in self.experts}:
            return True
        if not isinstance(expert.engine, VllmEngine):
            return False
        member = _identify(expert, self.root, on_cpu=self.on_cpu)
        base = self.expert(expert.base or expert.id)
        is_on_member = expert.is_adapter and base is not None and base.model == expert.model
        is_sibling = is_on_member or _named(member.lineage, self.max_lora_rank) == self.id
        return is_sibling and member.rank <= self.max_lora_rank

    def folder(self, expert: Expert) -> Path | None:
        """Where the weights of `expert` lie, its base's for an adapter.

        `None` where they are still to be fetched.
        """
        return model_folder(expert, self.root)

    def adapter_folder(self, expert: Expert) -> Path | None:
        """Where the adapter `expert` lies; `None` where it is to be fetched, or is no adapter."""
        return _adapter_folder(expert, self.root)


def lineages(experts: Sequence[Expert], root: Path, *, on_cpu: bool = True) -> tuple[Lineage, ...]:
    """Group the experts hosted by vLLM by the engine they can share.

    A model that is fetched is alone until its outline is known, see `fetched.sketch`.

    Args:
        experts: of any engine kind; others than `vllm` are left out.
        root: what relative model paths are relative to.
        on_cpu: whether the engines will run on a CPU.

    Returns:
        In order of each lineage's first expert with weights of its own; within one, in the order
        given, adapters last: an engine starts with the first.

    Raises:
        RegistryError: an expert has no model, or its folder no readable checkpoint.
    """
    groups: dict[str, list[_Member]] = {}
    hosted = [expert for expert in experts if isinstance(expert.engine, VllmEngine)]
    for expert in sorted(hosted, key=lambda one: one.is_adapter):
        member = _identify(expert, root, on_cpu=on_cpu)
        groups.setdefault(member.lineage, []).append(member)
    return tuple(
        _lineage(lineage_id, members, root, on_cpu=on_cpu) for lineage_id, members in groups.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """An expert and what its lineage is known by."""

    expert: Expert
    #: Id of the lineage, but for the room it makes for adapters.
    lineage: str
    num_weight_bytes: int
    #: Inputs and outputs of all matrices: what an adapter of rank 1 has numbers.
    num_sides: int
    #: Of an adapter, 0 for others.
    rank: int


def _lineage(lineage_id: str, members: Sequence[_Member], root: Path, *, on_cpu: bool) -> Lineage:
    engine = members[0].expert.engine
    assert isinstance(engine, VllmEngine), "lineages hold experts of vLLM only"
    rank = reckoning.lora_rank(engine, (member.rank for member in members))
    return Lineage(
        id=_named(lineage_id, rank),
        experts=tuple(member.expert for member in members),
        root=root,
        num_weight_bytes=members[0].num_weight_bytes,
        on_cpu=on_cpu,
        max_lora_rank=rank,
        num_adapter_bytes=reckoning.adapter_bytes(
            engine, num_sides=members[0].num_sides, rank=rank, on_cpu=on_cpu
        ),
    )


def _named(lineage: str, max_lora_rank: int) -> str:
    """Ids differ by unusual room only: an adapter that needs more is for another engine."""
    return lineage if max_lora_rank <= USUAL_RANK else f"{lineage}-r{max_lora_rank}"


def model_folder(expert: Expert, root: Path) -> Path | None:
    """Where the model of an expert lies on this machine, `None` where it is to be fetched.

    Raises:
        RegistryError: the expert names no model.
    """
    if expert.model is None:
        raise RegistryError(f"expert {expert.id!r} has no model; vllm needs a folder or a hub id")
    folder = root / Path(expert.model).expanduser()
    return folder if folder.is_dir() else fetched_folder(expert)


def is_known(expert: Expert, lineage: Lineage) -> bool:
    """Whether configuration and headers of an expert's model are here."""
    return (lineage.folder(expert) or outline_folder(expert)) is not None


def _adapter_folder(expert: Expert, root: Path) -> Path | None:
    if expert.adapter is None:
        return None
    folder = root / Path(expert.adapter).expanduser()
    return folder if folder.is_dir() else fetched_adapter(expert)


def _rank(expert: Expert, root: Path) -> int:
    folder = _adapter_folder(expert, root)
    if folder is None:
        return 0
    rank = read_adapter(folder).rank
    roomy_rank(rank)
    return rank


def _identify(expert: Expert, root: Path, *, on_cpu: bool) -> _Member:
    folder = model_folder(expert, root) or outline_folder(expert)
    alone = expert.base or expert.id
    engine = expert.engine
    assert isinstance(engine, VllmEngine), "lineages hold experts of vLLM only"
    settings = engine.model_dump_json(exclude=set(_PARSERS))
    try:
        rank = _rank(expert, root)
        if folder is None:
            known = _Identity(
                lineage=_hidden(alone, expert.model, settings),
                num_weight_bytes=_num_bytes(engine, None, expert.parameters, on_cpu=on_cpu),
            )
        else:
            known = _identity(folder, stamp(folder), settings, on_cpu)
    except (RegistryError, SwapError) as exc:
        raise RegistryError(f"expert {expert.id!r}: {exc.message}") from exc
    return _Member(
        expert=expert,
        lineage=known.lineage,
        num_weight_bytes=known.num_weight_bytes,
        num_sides=known.num_sides,
        rank=rank,
    )


def _num_bytes(
    engine: VllmEngine, weights: Weights | None, parameters: int | None, *, on_cpu: bool
) -> int:
    """Bytes of the weights once loaded, as `orchestrator check` counts them."""
    loaded_gib, _ = reckoning.loaded_gib(engine, weights, parameters=parameters, on_cpu=on_cpu)
    return int(loaded_gib * 2**30)


def _hidden(alone: str, model: str | None, settings: str) -> str:
    """Id of the lineage of weights that nothing is known of yet; its adapters share it."""
    digest = hashlib.sha256(f"{model} {settings}".encode()).hexdigest()[:8]
    return f"hub-{alone}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What the files of a checkpoint say of its lineage."""

    lineage: str
    num_weight_bytes: int = 0
    num_sides: int = 0


# An edit of one expert of a thousand must not read the headers of all.
@lru_cache(maxsize=16_384)
def _identity(folder: Path, stamped: Stamp, settings: str, on_cpu: bool) -> _Identity:
    """See `_identify`; `stamped` is there so that files that changed are read again."""
    del stamped
    config = _read_config(folder)
    checkpoint = read_checkpoint(folder)
    shared = {
        "config": comparable_config(config),
        "tensors": {name: spec.form for name, spec in checkpoint.tensors.items()},
        "engine": _settings(json.loads(settings), config, on_cpu=on_cpu),
    }
    text = json.dumps(shared, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return _Identity(
        lineage=f"{config.get('model_type', 'model')}-{digest}",
        num_weight_bytes=_num_bytes(
            VllmEngine.model_validate_json(settings), checkpoint.weights, None, on_cpu=on_cpu
        ),
        num_sides=checkpoint.weights.num_sides,
    )


def _settings(
    settings: dict[str, Any], config: Mapping[str, Any], *, on_cpu: bool
) -> dict[str, Any]:
    if settings["dtype"] == "auto":
        noted = config.get("dtype", config.get("torch_dtype", "auto"))
        settings["dtype"] = "float32" if on_cpu else noted
    return settings


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except OSError as exc:
        raise RegistryError(f"{path} cannot be read") from exc
    except ValueError as exc:
        raise RegistryError(f"{path} is not JSON: {exc}") from exc
    if not isinstance(config, dict):
        raise RegistryError(f"{path} holds no mapping")
    return config
