"""LoRA adapters of one base as one adapter, in PEFT's folder format."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.errors import MergeError
from orchestrator.merging.methods import Factors, blend, padded, reduced
from orchestrator.merging.recipe import Recipe, Written, relative_error
from orchestrator.merging.sources import Source, read_json
from orchestrator.merging.storage import Form, write_safetensors
from orchestrator.merging.tensors import FLOATS, Values, read_values, to_bytes

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

#: Products of weights and scales are stored wider than the adapters they come from.
_STORED = "F32"
_FACTOR = re.compile(r"(?P<module>.+)\.lora_(?P<side>[AB])\.weight")
#: Key of the config -> what it must be for the change of a module to be `scale * B @ A`.
_PLAIN = {
    "bias": ("none", None),
    "use_dora": (False, None),
    "modules_to_save": ([], None),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "fan_in_fan_out": (False, None),
}


def check_adapters(sources: Sequence[Source]) -> None:
    """Refuse adapters that are no plain LoRA of one base.

    Raises:
        MergeError: names the adapter, and the key or tensor at fault.
    """
    bases = {source.id: source.expert.base for source in sources}
    if len(set(bases.values())) > 1:
        raise MergeError(f"adapters of one base can be blended; these are on {bases}")
    shapes: dict[str, tuple[str, int, int]] = {}
    for source in sources:
        _check_plain(source)
        for module, factors in _modules(source).items():
            form = (source.id, factors.up.shape[0], factors.down.shape[1])
            known = shapes.setdefault(module, form)
            if known[1:] != form[1:]:
                raise MergeError(
                    f"expert {source.id!r}: module {module!r} is {list(form[1:])}, in "
                    f"{known[0]!r} it is {list(known[1:])}: they are of different bases"
                )


def write_blend(recipe: Recipe, folder: Path) -> Written:
    """Write the blended adapter into `folder`.

    Raises:
        MergeError: the blend holds a number that is none.
        OSError: the disk is full or refuses.
    """
    modules = [_modules(source) for source in recipe.sources]
    rank = sum(_rank(source) for source in recipe.sources)
    energy = kept = 0.0
    blended: dict[str, Factors] = {}
    for module in sorted({name for one in modules for name in one}):
        parts = [
            (one.get(module), w) for one, w in zip(modules, recipe.weights.values, strict=True)
        ]
        there = [(factors, weight) for factors, weight in parts if factors is not None]
        whole = blend([factors for factors, _ in there], [weight for _, weight in there])
        if recipe.rank is None:
            blended[module] = padded(whole, rank)
            continue
        blended[module], compressed = reduced(whole, recipe.rank)
        energy, kept = energy + compressed.energy, kept + compressed.kept_energy
    hashes = _write(folder, blended)
    _write_config(folder, recipe, blended, rank=rank if recipe.rank is None else recipe.rank)
    return Written(
        sha256_by_file=hashes,
        num_parameters=sum(one.down.size + one.up.size for one in blended.values()),
        errors={} if recipe.rank is None else {recipe.id: relative_error(energy, kept)},
    )


def _check_plain(source: Source) -> None:
    config = _config(source)
    if config.get("peft_type") != "LORA":
        raise MergeError(
            f"expert {source.id!r}: its adapter is {config.get('peft_type')!r}; LORA can be blended"
        )
    for key, plain in _PLAIN.items():
        if config.get(key) not in plain:
            raise MergeError(
                f"expert {source.id!r}: {key!r} of its {CONFIG} is {config[key]!r}; only "
                f"{plain[0]!r} can be blended"
            )


def _modules(source: Source) -> dict[str, Factors]:
    """The change of each module, by its name.

    Raises:
        MergeError: a tensor is no factor of a LoRA, or lacks its other half.
    """
    sides: dict[str, dict[str, Values]] = {}
    for name, spec in source.checkpoint.tensors.items():
        match = _FACTOR.fullmatch(name)
        if match is None or len(spec.shape) != 2 or spec.dtype not in FLOATS:
            raise MergeError(
                f"expert {source.id!r}: tensor {name!r} ({spec.dtype} {list(spec.shape)}) is no "
                "lora_A or lora_B of a linear layer"
            )
        sides.setdefault(match["module"], {})[match["side"]] = read_values(source.checkpoint, name)
    scale = _scale(source)
    return {module: _factors(source, module, pair, scale) for module, pair in sides.items()}


def _factors(source: Source, module: str, pair: Mapping[str, Values], scale: float) -> Factors:
    if pair.keys() != {"A", "B"} or pair["A"].shape[0] != pair["B"].shape[1]:
        raise MergeError(
            f"expert {source.id!r}: module {module!r} has no lora_A and lora_B of one rank"
        )
    if not all(np.isfinite(side).all() for side in pair.values()):
        raise MergeError(f"expert {source.id!r}: module {module!r} holds infinite numbers or none")
    return Factors(down=pair["A"], up=pair["B"], scale=scale)


def _rank(source: Source) -> int:
    return max(len(factors.down) for factors in _modules(source).values())


def _scale(source: Source) -> float:
    config = _config(source)
    try:
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
    except (KeyError, TypeError, ValueError) as exc:
        raise MergeError(
            f"expert {source.id!r}: its {CONFIG} has no numbers `r` and `lora_alpha`"
        ) from exc
    if rank < 1:
        raise MergeError(f"expert {source.id!r}: `r` of its {CONFIG} is {rank}, at least 1 is")
    return alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank


def _config(source: Source) -> dict[str, Any]:
    return read_json(source.folder / CONFIG, owner=source.id)


def _write(folder: Path, blended: Mapping[str, Factors]) -> dict[str, str]:
    tensors = {
        f"{module}.lora_{side}.weight": tensor
        for module, factors in blended.items()
        for side, tensor in (("A", factors.down), ("B", factors.up))
    }
    forms = {
        name: Form(dtype=_STORED, shape=tensor.shape, num_bytes=4 * tensor.size)
        for name, tensor in tensors.items()
    }
    path = folder / WEIGHTS
    hash_ = write_safetensors(
        path, forms, lambda name: [to_bytes(tensors[name], _STORED, name=name)]
    )
    return {WEIGHTS: hash_}


def _write_config(folder: Path, recipe: Recipe, modules: Iterable[str], *, rank: int) -> None:
    """The first one's, with modules and rank of the blend; scales are in the factors already."""
    merged = _config(recipe.sources[0]) | {
        "r": rank,
        "lora_alpha": rank,
        "use_rslora": False,
        "target_modules": sorted({module.rpartition(".")[2] for module in modules}),
        "layers_to_transform": None,
        "layers_pattern": None,
    }
    (folder / CONFIG).write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
