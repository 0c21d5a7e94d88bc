"""Models at hand, as far as their configuration and headers tell."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.checkpoints.sources import is_hub_id
from orchestrator.errors import ModelError, SetupError, WeightsError
from orchestrator.moving.cards import Card, read_card
from orchestrator.registry.lora import CONFIG, read_adapter
from orchestrator.registry.weights import read_checkpoint

#: Longest context that is written by itself, tokens.
_MAX_CONTEXT = 4096
_MIN_CONTEXT = 16
_GENERATES = ("ForCausalLM", "ForConditionalGeneration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A model, and what its files say."""

    name: str
    #: What the registry calls it: a folder or a hub's id.
    source: str
    parameters: int
    #: As stored.
    num_bytes: int
    embeds: bool
    max_context: int
    #: What a token takes in the cache, two bytes a number.
    cache_bytes_per_token: int
    card: Card = field(default_factory=Card)
    #: Of an adapter: the name of the model that it is put on, as its configuration has it.
    base: str | None = None


def survey(
    sources: Sequence[str], *, start: Path, outline: Callable[[str], Path]
) -> tuple[Found, ...]:
    """What the sources are: models, folders of models, or ids of a hub.

    Args:
        sources: as given; folders are relative to the current one.
        start: the folder that paths of the registry are relative to.
        outline: fetches configuration and headers of a hub's id, and says where they lie.

    Raises:
        SetupError: a source is none of these, a folder holds no model, or an adapter's base is
            not among them.
        ModelError: a hub's model cannot be had.
    """
    found: dict[str, Found] = {}
    for source in sources:
        for name, folder in _folders(source, outline):
            is_here = Path(source).is_dir()
            called = _relative(folder, start) if is_here else source
            read = _read_adapter if _is_adapter(folder) else _read
            found.setdefault(called, read(name, called, folder))
    return tuple(found.values())


def _folders(source: str, outline: Callable[[str], Path]) -> Iterator[tuple[str, Path]]:
    folder = Path(source)
    if not folder.is_dir():
        if not is_hub_id(source):
            raise SetupError(f"{source!r} is no folder and no id of a hub, organisation/name")
        yield source.rpartition("/")[2], outline(source)
        return
    models = [folder] if _is_usable(folder) else sorted(filter(_is_usable, folder.iterdir()))
    if not models:
        raise SetupError(_nothing_in(folder))
    yield from ((one.resolve().name, one) for one in models)


def _nothing_in(folder: Path) -> str:
    told = "no config.json beside *.safetensors, and no adapter_config.json, there or one below"
    others = [one for end in ("gguf", "bin") for one in sorted(folder.rglob(f"*.{end}"))]
    if others:
        told += f"; {others[0].name} is of a format that is not loaded: convert it to safetensors"
    return f"{str(folder)!r} holds no model: {told}"


def _is_usable(folder: Path) -> bool:
    return _is_model(folder) or _is_adapter(folder)


def _is_model(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def _is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def _read_adapter(name: str, source: str, folder: Path) -> Found:
    try:
        adapter = read_adapter(folder)
    except WeightsError as exc:
        raise ModelError(f"{source!r}: {exc.message}") from exc
    base = adapter.config.base_model_name_or_path
    if not base:
        raise ModelError(f"{source!r}: its {CONFIG} does not say which model it is put on")
    return Found(
        name=name,
        source=source,
        parameters=sum(math.prod(one.shape) for one in adapter.tensors.values()) or 1,
        num_bytes=sum(one.num_bytes for one in adapter.tensors.values()),
        embeds=False,
        max_context=_MAX_CONTEXT,
        cache_bytes_per_token=0,
        card=read_card(folder),
        base=base,
    )


def _read(name: str, source: str, folder: Path) -> Found:
    try:
        config = json.loads((folder / "config.json").read_bytes())
        checkpoint = read_checkpoint(folder)
    except (OSError, ValueError) as exc:
        raise ModelError(f"{source!r}: config.json cannot be read: {exc}") from exc
    except WeightsError as exc:
        raise ModelError(f"{source!r}: {exc.message}") from exc
    if not isinstance(config, dict):
        raise ModelError(f"{source!r}: config.json holds no mapping")
    kinds = config.get("architectures")
    named = [one for one in kinds if isinstance(one, str)] if isinstance(kinds, list) else []
    text = config.get("text_config")
    inner = text if isinstance(text, dict) else config
    return Found(
        name=name,
        source=source,
        parameters=sum(math.prod(one.shape) for one in checkpoint.tensors.values()) or 1,
        num_bytes=checkpoint.num_bytes,
        embeds=bool(named) and not any(one.endswith(_GENERATES) for one in named),
        max_context=_context(inner),
        cache_bytes_per_token=_cache_bytes(inner),
        card=read_card(folder),
    )


def _context(config: dict[str, Any]) -> int:
    told = _whole(config, "max_position_embeddings", _MAX_CONTEXT)
    return max(_MIN_CONTEXT, min(told, _MAX_CONTEXT))


def _cache_bytes(config: dict[str, Any]) -> int:
    heads = _whole(config, "num_attention_heads", 1)
    width = _whole(config, "head_dim", _whole(config, "hidden_size", 0) // heads)
    kept = _whole(config, "num_key_value_heads", heads)
    return 2 * 2 * _whole(config, "num_hidden_layers", 0) * kept * width


def _whole(config: dict[str, Any], key: str, otherwise: int) -> int:
    value = config.get(key)
    return value if isinstance(value, int) and value > 0 else otherwise


def _relative(folder: Path, start: Path) -> str:
    folder, start = folder.resolve(), start.resolve()
    return str(folder.relative_to(start) if folder.is_relative_to(start) else folder)
