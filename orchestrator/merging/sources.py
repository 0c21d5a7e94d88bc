"""The experts to merge, as they lie on disk, and whether they can become one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engines.weights import check_fits
from orchestrator.errors import MergeError, SwapError, WeightsError
from orchestrator.merging.tensors import FLOATS, read_bytes
from orchestrator.registry.kinship import comparable_config
from orchestrator.registry.models import Expert
from orchestrator.registry.vocabulary import vocabulary_digest
from orchestrator.registry.weights import Checkpoint, read_checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One expert to merge: its weights, or its adapter's."""

    expert: Expert
    folder: Path
    checkpoint: Checkpoint

    @property
    def id(self) -> str:
        """The expert's."""
        return self.expert.id


def open_source(expert: Expert, folder: Path) -> Source:
    """Read the headers of an expert's weights.

    Raises:
        MergeError: they cannot be read; names the expert.
    """
    try:
        return Source(expert=expert, folder=folder, checkpoint=read_checkpoint(folder))
    except SwapError as exc:
        raise MergeError(f"expert {expert.id!r}: {exc.message}") from exc


def check_siblings(sources: Sequence[Source]) -> None:
    """Refuse experts that differ in more than the values of their weights.

    Raises:
        MergeError: names the first expert that differs, and the key or tensor.
    """
    first, *others = sources
    _check_floats(first)
    for other in others:
        _check_config(other, first)
        try:
            check_fits(other.checkpoint, first.checkpoint)
        except SwapError as exc:
            raise MergeError(
                f"expert {other.id!r} is no sibling of {first.id!r}: {exc.message}"
            ) from exc
        _check_constants(other, first)
        _check_tokenizer(other, first)


def template_note(sources: Sequence[Source]) -> str | None:
    """That chat templates differ and which is kept, if they do."""
    first, *others = sources
    kept = _chat_template(first.folder)
    differing = [other.id for other in others if _chat_template(other.folder) != kept]
    if not differing:
        return None
    return f"the chat templates of {', '.join(differing)} differ; that of {first.id} is kept"


def read_json(path: Path, *, owner: str) -> dict[str, Any]:
    """A JSON file that holds a mapping.

    Raises:
        MergeError: it cannot be read, or holds something else; names `owner`.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as exc:
        raise MergeError(f"expert {owner!r}: {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise MergeError(f"expert {owner!r}: {path} is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise MergeError(f"expert {owner!r}: {path} holds no mapping")
    return found


def _check_floats(source: Source) -> None:
    """Quantised numbers mean nothing without their scales; codes are `check_constants`' concern."""
    for name, spec in source.checkpoint.tensors.items():
        if spec.dtype.startswith("F") and spec.dtype not in FLOATS:
            raise MergeError(
                f"expert {source.id!r}: tensor {name!r} is {spec.dtype}, which is quantised; "
                f"merge weights of {sorted(FLOATS)} and quantise the merge"
            )


def _check_config(other: Source, first: Source) -> None:
    found, expected = (_config(source) for source in (other, first))
    for key in sorted({*found, *expected}):
        if found.get(key) != expected.get(key):
            raise MergeError(
                f"expert {other.id!r} is no sibling of {first.id!r}: {key!r} of its config.json "
                f"is {found.get(key)!r}, not {expected.get(key)!r}"
            )


def _config(source: Source) -> Mapping[str, Any]:
    return comparable_config(read_json(source.folder / "config.json", owner=source.id))


def _check_constants(other: Source, first: Source) -> None:
    """Tensors that are no floats (indices, masks, codes) cannot be averaged: they must be equal."""
    for name, spec in first.checkpoint.tensors.items():
        if spec.dtype in FLOATS:
            continue
        pair = [read_bytes(source.checkpoint, name) for source in (other, first)]
        if pair[0].tobytes() != pair[1].tobytes():
            raise MergeError(
                f"expert {other.id!r}: tensor {name!r} is {spec.dtype} and differs from that of "
                f"{first.id!r}; only floating tensors can be merged"
            )


def _check_tokenizer(other: Source, first: Source) -> None:
    if _vocabulary(other) != _vocabulary(first):
        raise MergeError(
            f"expert {other.id!r} has another tokenizer than {first.id!r}: the same id would mean "
            "two things; merge experts of one tokenizer"
        )


def _vocabulary(source: Source) -> str:
    try:
        digest = vocabulary_digest(source.folder)
    except WeightsError as exc:
        raise MergeError(f"expert {source.id!r}: {exc.message}") from exc
    if digest is None:
        raise MergeError(f"expert {source.id!r}: {source.folder} has no tokenizer.json")
    return digest


def _chat_template(folder: Path) -> str | None:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    config = folder / "tokenizer_config.json"
    found = json.loads(config.read_bytes()).get("chat_template") if config.is_file() else None
    return None if found is None else str(found)
