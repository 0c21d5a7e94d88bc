"""A LoRA adapter on disk, in PEFT's layout, and whether it belongs on a base.

Only headers are read. What vLLM would drop in silence, such as a matrix for a layer that the base
has not, is an error here: the adapter would answer, in words that are not its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import WeightsError
from orchestrator.registry.weights import Checkpoint, TensorSpec, read_header

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

#: Ranks that vLLM makes room for; an engine takes adapters up to the next of them.
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
#: Room for adapters of the usual ranks that come later: more needs another engine.
USUAL_RANK = 16

_PREFIX = "base_model.model."
#: Copies of the base's own matrices, which PEFT writes beside adapted embeddings.
_COPIES = (".embed_tokens.base_layer.weight", ".lm_head.base_layer.weight")
#: Types whose checkpoint has the shape of the matrix; quantised ones are packed.
_PLAIN = ("F64", "F32", "F16", "BF16")

#: Ways to begin an adapter that leave its base alone.
_OWN_STARTS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")

#: End of a tensor's name -> which axis of the base's matrix it must equal, and on which of its own.
_AXES = {
    ".lora_A.weight": (1, 1),
    ".lora_B.weight": (0, 0),
    ".lora_embedding_A": (0, 1),
    ".lora_embedding_B": (1, 0),
}


class LoraConfig(BaseModel):
    """What `adapter_config.json` says, as far as it decides what an engine does with it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    peft_type: Literal["LORA"]
    r: int = Field(ge=1)
    lora_alpha: float = Field(gt=0)
    target_modules: tuple[str, ...] | str = ()
    base_model_name_or_path: str | None = None
    bias: str = "none"
    lora_bias: bool = False
    use_dora: bool = False
    use_qalora: bool = False
    modules_to_save: tuple[str, ...] | None = None
    layer_replication: tuple[Any, ...] | None = None
    alora_invocation_tokens: tuple[int, ...] | None = None
    init_lora_weights: bool | str = True

    @property
    def unsupported(self) -> str | None:
        """The first key that vLLM cannot do, `None` when there is none."""
        faulty = {
            "bias": self.bias != "none",
            "lora_bias": self.lora_bias,
            "use_dora": self.use_dora,
            "use_qalora": self.use_qalora,
            "modules_to_save": bool(self.modules_to_save),
            "layer_replication": bool(self.layer_replication),
            "alora_invocation_tokens": bool(self.alora_invocation_tokens),
            "init_lora_weights": _changes_base(self.init_lora_weights),
        }
        return next((name for name, is_so in faulty.items() if is_so), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An adapter's folder, its settings and the tensors in it."""

    folder: Path
    config: LoraConfig
    tensors: Mapping[str, TensorSpec]

    @property
    def rank(self) -> int:
        """The largest rank of its matrices."""
        return max(spec.shape[1 - _AXES[_end(name)][1]] for name, spec in self.tensors.items())


def read_adapter(folder: Path) -> Adapter:
    """Read the configuration and the header of the adapter in `folder`.

    Raises:
        WeightsError: a file is missing or damaged, or vLLM cannot serve such an adapter.
    """
    config = _read_config(folder / CONFIG)
    if config.unsupported is not None:
        raise WeightsError(
            f"{folder / CONFIG}: {config.unsupported!r} is not served by vLLM; train the adapter "
            "without it, or merge it into its base"
        )
    path = folder / WEIGHTS
    if not path.is_file():
        raise WeightsError(f"{folder} has no {WEIGHTS}; other formats are not loaded")
    tensors = {name: spec for name, spec in read_header(path).items() if not name.endswith(_COPIES)}
    odd = sorted(name for name, spec in tensors.items() if not _is_lora(name, spec))
    if odd or not tensors:
        what = f"tensor {odd[0]!r} is no LoRA matrix" if odd else "it holds no tensor"
        raise WeightsError(f"{path}: {what}; expected are matrices named {', '.join(_AXES)}")
    return Adapter(folder=folder, config=config, tensors=tensors)


def check_adapts(adapter: Adapter, base: Checkpoint) -> None:
    """Raise `WeightsError` unless every matrix of `adapter` fits one of `base`.

    What the configuration says of the base is a hint for the message only: names of folders
    change, and a base of another name may be the same.
    """
    for name, spec in sorted(adapter.tensors.items()):
        misfit = _misfit(name, spec, base)
        if misfit is not None:
            made_for = adapter.config.base_model_name_or_path
            hint = f"; its {CONFIG} says it was made for {made_for!r}" if made_for else ""
            raise WeightsError(f"{adapter.folder} is an adapter of another base: {misfit}{hint}")


def roomy_rank(rank: int) -> int:
    """The rank that an engine is started with, so that adapters up to `rank` fit.

    Raises:
        WeightsError: vLLM has no room for such a rank.
    """
    wanted = max(rank, USUAL_RANK)
    found = next((known for known in RANKS if known >= wanted), None)
    if found is None:
        raise WeightsError(f"an adapter of rank {rank} is too large; vLLM takes up to {RANKS[-1]}")
    return found


def _changes_base(init: bool | str) -> bool:
    """Whether PEFT changed the base's weights too when the adapter was begun (PiSSA, OLoRA...)."""
    return isinstance(init, str) and init.lower() not in _OWN_STARTS


def _read_config(path: Path) -> LoraConfig:
    try:
        return LoraConfig.model_validate_json(path.read_bytes())
    except OSError as exc:
        reason = exc.strerror or exc
        raise WeightsError(f"{path} cannot be read: {reason}; is it an adapter?") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        key = ".".join(str(step) for step in first["loc"]) or "its text"
        raise WeightsError(
            f"{path} is no configuration of a LoRA adapter: {key}: {first['msg']}"
        ) from exc


def _is_lora(name: str, spec: TensorSpec) -> bool:
    return name.endswith(tuple(_AXES)) and len(spec.shape) == 2 and min(spec.shape) > 0


def _end(name: str) -> str:
    return next(end for end in _AXES if name.endswith(end))


def _misfit(name: str, spec: TensorSpec, base: Checkpoint) -> str | None:
    end = _end(name)
    module = name.removesuffix(end).removeprefix(_PREFIX)
    matrix = base.tensors.get(f"{module}.weight")
    if matrix is None:
        if any(known.startswith(f"{module}.") for known in base.tensors):
            return None  # packed or fused: vLLM knows its form, the header does not
        return f"{base.folder} has no module {module!r}"
    base_axis, own_axis = _AXES[end]
    if matrix.dtype not in _PLAIN or len(matrix.shape) != 2:
        return None
    if spec.shape[own_axis] == matrix.shape[base_axis]:
        return None
    return (
        f"its {name.removeprefix(_PREFIX)!r} is {list(spec.shape)} and {module!r} of "
        f"{base.folder} is {list(matrix.shape)}"
    )
