"""What this machine holds of a registry's experts: lineage, state, size, loads, canary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.manifest import Manifest, State
from orchestrator.checkpoints.sources import is_remote, safe
from orchestrator.engines import notes
from orchestrator.engines.canary import recorded
from orchestrator.engines.lineage import lineages, model_folder
from orchestrator.engines.notes import Notebook
from orchestrator.engines.weights import fingerprint
from orchestrator.errors import EngineError
from orchestrator.registry.models import Expert
from orchestrator.registry.weights import read_checkpoint

#: How an expert stands to the others of its lineage.
Role = Literal["alone", "sibling", "adapter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One expert's weights on this machine."""

    expert_id: str
    #: One engine can be every expert of it.
    lineage: str
    role: Role
    #: The expert an adapter is on.
    base: str | None = None
    source: str
    #: The commit at hand, else the revision asked for.
    revision: str | None
    #: `local` is a folder of the registry's own that it gives no hashes of.
    state: State | Literal["local"]
    num_bytes: int
    #: Kind of load -> seconds, the moving average of what was measured here.
    load_s: dict[str, float] = field(default_factory=dict)
    has_canary: bool = False


def holdings(
    experts: Sequence[Expert], root: Path, library: Library, *, on_cpu: bool = True
) -> tuple[Holding, ...]:
    """Every expert that vLLM hosts, lineage by lineage, adapters behind their bases.

    Args:
        experts: of a resolved registry.
        root: what relative folders are relative to.
        library: where fetched models are.
        on_cpu: whether the engines will run on a CPU.
    """
    found: list[Holding] = []
    for lineage in lineages(experts, root, on_cpu=on_cpu):
        members = [_holding(one, lineage.id, root, library) for one in lineage.experts]
        weights = [one for one in members if one.role != "adapter"]
        found += _ordered(members) if len(weights) > 1 else _ordered(_alone(members))
    return tuple(found)


def _alone(members: list[Holding]) -> list[Holding]:
    return [replace(one, role="alone") if one.role == "sibling" else one for one in members]


def _ordered(members: list[Holding]) -> Iterator[Holding]:
    bases = [one for one in members if one.role != "adapter"]
    for base in bases:
        yield base
        yield from (one for one in members if one.base == base.expert_id)
    known = {one.expert_id for one in bases}
    yield from (one for one in members if one.role == "adapter" and one.base not in known)


def _holding(expert: Expert, lineage: str, root: Path, library: Library) -> Holding:
    source = expert.adapter or expert.model
    assert source is not None, "experts of a lineage have weights"
    known = library.known(source, expert.revision)
    folder = _folder(source, expert.revision, root, library)
    base = model_folder(expert, root) if expert.adapter is not None else None
    learnt = _learnt(folder, library, base=base) if folder is not None else ({}, False)
    load_s, has_canary = learnt
    return Holding(
        expert_id=expert.id,
        lineage=lineage,
        role="adapter" if expert.adapter is not None else "sibling",
        base=expert.base,
        source=safe(source),
        revision=known.commit if known and is_remote(source) else expert.revision,
        state=_state(source, known, folder),
        num_bytes=_num_bytes(known, folder, is_fetched=is_remote(source)),
        load_s=load_s,
        has_canary=has_canary,
    )


def _folder(source: str, revision: str | None, root: Path, library: Library) -> Path | None:
    own = root / Path(source).expanduser()
    if own.is_dir():
        return own
    return library.snapshot(source, revision) if is_remote(source) else None


def _state(source: str, known: Manifest | None, folder: Path | None) -> State | Literal["local"]:
    if known is not None and (known.state == "downloading" or known.is_intact):
        return known.state
    return "local" if folder is not None and not is_remote(source) else "absent"


def _num_bytes(known: Manifest | None, folder: Path | None, *, is_fetched: bool) -> int:
    if known is not None and is_fetched:
        return known.num_bytes
    return 0 if folder is None else read_checkpoint(folder).num_bytes


def _learnt(folder: Path, library: Library, *, base: Path | None) -> tuple[dict[str, float], bool]:
    known = Notebook(library.folder / notes.FOLDER).read(fingerprint(folder, base=base))
    load_s: dict[str, float] = {load.kind: load.mean_s for load in known.loads}
    try:
        return load_s, bool(known.canaries or recorded(folder, base=base))
    except EngineError:
        return load_s, False  # no canary file: the load that reads it says so
