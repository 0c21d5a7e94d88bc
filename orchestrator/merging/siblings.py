"""The weights of siblings as one set of weights, written tensor by tensor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from orchestrator.errors import MergeError
from orchestrator.merging.methods import Compressed, average, twin
from orchestrator.merging.recipe import Recipe, Written, relative_error
from orchestrator.merging.sources import Source
from orchestrator.merging.storage import Form, write_safetensors
from orchestrator.merging.tensors import (
    FLOATS,
    NUM_BYTES,
    Bytes,
    Values,
    read_bytes,
    read_values,
    to_bytes,
    values,
)
from orchestrator.registry.weights import TensorSpec

#: Numbers of one tensor that are averaged at once: 128 MiB for each source.
_BLOCK = 2**24


def write_siblings(recipe: Recipe, folder: Path) -> Written:
    """Write the merged weights into `folder`, in files as those of the first source.

    Raises:
        MergeError: a source holds a number that is none, or the merge one that does not fit.
        OSError: the disk is full or refuses.
    """
    merger = _Merger(recipe)
    first = recipe.sources[0].checkpoint
    names_by_file: dict[str, list[str]] = defaultdict(list)
    for name, spec in first.tensors.items():
        names_by_file[spec.file].append(name)
    hashes = {}
    for file, names in names_by_file.items():
        forms = {name: _form(first.tensors[name]) for name in names}
        hashes[file] = write_safetensors(folder / file, forms, merger.pieces)
    return Written(
        sha256_by_file=hashes, num_parameters=_num_parameters(recipe), errors=merger.errors()
    )


class _Merger:
    """Gives the bytes of each merged tensor, and remembers what compression cost."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._checkpoint = recipe.sources[0].checkpoint
        self._energy: defaultdict[str, float] = defaultdict(float)
        self._kept: defaultdict[str, float] = defaultdict(float)

    def pieces(self, name: str) -> Iterator[Bytes]:
        if self._checkpoint.tensors[name].dtype not in FLOATS:
            yield read_bytes(self._checkpoint, name)
        elif self._recipe.method == "twin":
            yield self._twin(name)
        else:
            yield from self._average(name)

    def errors(self) -> dict[str, float]:
        """Relative error of each source's own part."""
        if self._recipe.method != "twin" or self._recipe.rank is None:
            return {}
        return {who: relative_error(self._energy[who], self._kept[who]) for who in self._energy}

    def _average(self, name: str) -> Iterator[Bytes]:
        spec = self._checkpoint.tensors[name]
        step = _BLOCK * NUM_BYTES[spec.dtype]
        for begin in range(0, spec.num_bytes, step):
            num_bytes = min(step, spec.num_bytes - begin)
            blocks = []
            for source in self._recipe.sources:
                stored = read_bytes(source.checkpoint, name, begin=begin, num_bytes=num_bytes)
                blocks.append(_sound(values(stored, spec.dtype), source, name))
            yield to_bytes(average(blocks, self._recipe.weights.values), spec.dtype, name=name)

    def _twin(self, name: str) -> Bytes:
        sources, shared = self._recipe.sources, self._recipe.shared
        tensors = [_sound(read_values(one.checkpoint, name), one, name) for one in sources]
        common = (
            _sound(read_values(shared.checkpoint, name), shared, name)
            if shared is not None
            else average(tensors, (1 / len(tensors),) * len(tensors))
        )
        merged, own = twin(
            tensors, self._recipe.weights.values, shared=common, rank=self._recipe.rank
        )
        self._count(own)
        return to_bytes(merged, self._checkpoint.tensors[name].dtype, name=name)

    def _count(self, own: tuple[Compressed, ...]) -> None:
        for source, part in zip(self._recipe.sources, own, strict=True):
            self._energy[source.id] += part.energy
            self._kept[source.id] += part.kept_energy


def _form(spec: TensorSpec) -> Form:
    return Form(dtype=spec.dtype, shape=spec.shape, num_bytes=spec.num_bytes)


def _sound(tensor: Values, source: Source, name: str) -> Values:
    if not np.isfinite(tensor).all():
        raise MergeError(
            f"expert {source.id!r}: tensor {name!r} holds infinite numbers or none at all"
        )
    return tensor


def _num_parameters(recipe: Recipe) -> int:
    tensors = recipe.sources[0].checkpoint.tensors.values()
    return sum(int(np.prod(spec.shape)) for spec in tensors)
