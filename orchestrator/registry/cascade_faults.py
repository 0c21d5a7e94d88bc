"""Cascades that cannot be meant, and their artifacts against their entries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.registry.composition_cascade import CascadeComposition
from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import ReplayEngine
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.fitted import MANIFEST, read_manifest
from orchestrator.registry.models import Expert
from orchestrator.registry.surroundings import Surroundings

_KIND = "cascade"


class _Fitted(BaseModel):
    """What is read of a cascade's manifest, without what it takes to serve it."""

    model_config = ConfigDict(extra="ignore")

    cheap: tuple[str, ...]
    strong: str
    signal: str
    num_samples: int


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Everything wrong with the cascades of a registry but what is wrong with any composition."""
    experts = {expert.id: expert for expert in draft.experts.values()}
    for name, cascade in draft.compositions.items():
        if not isinstance(cascade, CascadeComposition):
            continue
        yield from _of_words(cascade, ("compositions", name), experts)
        manifest = _manifest(cascade, where)
        if manifest is not None:
            yield from _of_artifact(cascade, manifest, ("compositions", name, "artifact"))


def _of_words(
    cascade: CascadeComposition, path: KeyPath, experts: dict[str, Expert]
) -> Iterator[Finding]:
    """An expert that does not tell how likely its words are is never sure of them."""
    expert = experts.get(cascade.cheap[0])
    if cascade.accept == "confidence" and expert is not None and not _tells(expert):
        yield Finding(
            path=(*path, "accept"),
            value=shown(cascade.accept),
            reason=f"goes by log-probabilities, which expert {expert.id!r} does not tell: ask "
            "another one, or say `accept: agreement`",
        )


def _tells(expert: Expert) -> bool:
    return "logprobs" not in expert.lacks and not isinstance(expert.engine, ReplayEngine)


def _of_artifact(
    cascade: CascadeComposition, manifest: dict[str, Any], path: KeyPath
) -> Iterator[Finding]:
    try:
        read = _Fitted.model_validate(manifest)
    except ValidationError as exc:
        first = exc.errors()[0]
        yield _finding(
            path,
            cascade,
            f"has a bad {MANIFEST}: {'.'.join(map(str, first['loc']))}: {first['msg']}",
        )
        return
    if (read.cheap, read.strong) != (cascade.cheap, cascade.strong):
        yield _finding(
            path,
            cascade,
            f"was fitted for cheap {list(read.cheap)} and strong {read.strong!r}, not for those of "
            "this entry",
        )
    if read.signal != cascade.accept:
        yield _finding(
            path, cascade, f"was fitted by {read.signal}, and the entry accepts by {cascade.accept}"
        )
    elif read.num_samples != cascade.num_answers:
        yield _finding(
            path,
            cascade,
            f"was fitted on {read.num_samples} cheap answers a question, and the entry asks for "
            f"{cascade.num_answers}: the same tau means another thing",
            is_warning=True,
        )


def _finding(
    path: KeyPath, cascade: CascadeComposition, why: str, *, is_warning: bool = False
) -> Finding:
    return Finding(
        path=path,
        value=shown(cascade.artifact),
        reason=f"{why}; write it with `orchestrator fit {_KIND}`",
        is_warning=is_warning,
    )


def _manifest(cascade: CascadeComposition, where: Surroundings) -> dict[str, Any] | None:
    """What the artifact says of itself; `None` where there is none, or another check says so."""
    folder = None if cascade.artifact is None else where.folder_at(cascade.artifact)
    manifest = None if folder is None else read_manifest(folder)
    return manifest if manifest is not None and manifest.get("kind", _KIND) == _KIND else None
