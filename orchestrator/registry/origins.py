"""Where experts' files come from: what is to be fetched, and what is wrong with how it is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from orchestrator.checkpoints.library import ROOTS
from orchestrator.checkpoints.sources import (
    PACKAGE,
    Wanted,
    is_hub_id,
    is_remote,
    is_url,
    package_folder,
)
from orchestrator.errors import ModelError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import Finding, KeyPath, listed, shown
from orchestrator.registry.models import Expert
from orchestrator.registry.surroundings import Surroundings

_GIB = 2**30


def wanted(expert: Expert) -> Iterator[tuple[KeyPath, Wanted]]:
    """What an expert's engine needs to be on its machine, by the key that names it.

    `revision` and `sha256` are of the adapter where there is one: its weights are the base's.
    """
    if not isinstance(expert.engine, VllmEngine):
        return
    allows_code = expert.engine.trust_remote_code
    named = [(("model",), expert.model, False)] if expert.adapter is None else []
    named += [(("adapter",), expert.adapter, True)]
    for path, source, is_adapter in named:
        if source is not None:
            yield (
                path,
                Wanted(
                    expert_id=expert.id,
                    source=source,
                    revision=expert.revision,
                    sha256=expert.sha256,
                    allows_code=allows_code,
                    is_adapter=is_adapter,
                ),
            )
    for at, variant in enumerate(expert.variants):
        if variant.model is not None:
            one = Wanted(expert_id=expert.id, source=variant.model, allows_code=allows_code)
            yield ("variants", at, "model"), one


def all_wanted(experts: Iterable[Expert]) -> tuple[Wanted, ...]:
    """What all of them need, each source once."""
    found: dict[tuple[str, str | None], Wanted] = {}
    for expert in experts:
        for _, one in wanted(expert):
            found.setdefault((one.source, one.revision), one)
    return tuple(found.values())


def findings(experts: Mapping[int, Expert], where: Surroundings) -> Iterator[Finding]:
    """What is wrong with the names of files, not with the files; by position of the expert."""
    for at, expert in experts.items():
        base: KeyPath = ("experts", at)
        named = list(wanted(expert))
        for path, one in named:
            yield from named_findings(one, (*base, *path), where, parameters=expert.parameters)
        yield from _pins(expert, [one for _, one in named], base, where)


def named_findings(
    one: Wanted, path: KeyPath, where: Surroundings, *, parameters: int | None = None
) -> Iterator[Finding]:
    """What is wrong with one source: nowhere, not allowed, or still to be fetched."""
    folder = where.model_folder(one.source, one.revision)
    if folder is None:
        yield _absent(one, path, where, parameters=parameters)
    elif where.local_folder(one.source) is not None and not one.source.startswith(PACKAGE):
        yield from _outside(one, path, folder, where.library.roots)


def _absent(one: Wanted, path: KeyPath, where: Surroundings, *, parameters: int | None) -> Finding:
    value = shown(one.source)
    if one.source.startswith(PACKAGE):
        return Finding(path=path, reason=_package_reason(one.source))
    nowhere = f"is no folder in {str(where.folder)!r}"
    if not is_remote(one.source):
        kinds = "no Hugging Face id (org/name) or URL" if not is_url(one.source) else "not there"
        return Finding(path=path, value=value, reason=f"{nowhere} and {kinds}")
    if where.library.is_offline:
        reason = (
            f"{nowhere} nor in Hugging Face's local cache or {str(where.library.folder)!r}, and "
            "HF_HUB_OFFLINE or ORCHESTRATOR_OFFLINE is set: run `orchestrator models pull` once "
            "without them"
        )
        return Finding(path=path, value=value, reason=reason)
    kind = "a Hugging Face id" if is_hub_id(one.source) else "a URL"
    size = _size(one, where, parameters=parameters)
    reason = (
        f"{nowhere}: taken as {kind}, to be fetched when the service starts{size}; "
        "`orchestrator models pull` does it now"
    )
    return Finding(path=path, value=value, reason=reason, is_warning=True)


def _package_reason(source: str) -> str:
    try:
        package_folder(source)
    except ModelError as exc:
        return exc.message
    return f"{source!r} was there a moment ago"


def _size(one: Wanted, where: Surroundings, *, parameters: int | None) -> str:
    """How much it is, where that is known without asking."""
    try:
        known = where.library.manifest(one.source, one.revision)
    except ModelError:
        known = None
    if known is not None and known.num_bytes:
        left_gib = (known.num_bytes - known.bytes_here) / _GIB
        return f" ({left_gib:.2f} of {known.num_bytes / _GIB:.2f} GiB are left)"
    return f" (about {parameters * 2 / _GIB:.2g} GiB)" if parameters else ""


def _outside(
    one: Wanted, path: KeyPath, folder: Path, roots: tuple[Path, ...]
) -> Iterator[Finding]:
    # `folder` is resolved: a link inside a root that leads out of it leads out.
    if roots and not any(folder.is_relative_to(root) for root in roots):
        yield Finding(
            path=path,
            value=shown(one.source),
            reason=f"lies in {str(folder)!r}, outside of what {ROOTS} allows",
            allowed=tuple(str(root) for root in roots),
        )


def _pins(
    expert: Expert, named: list[Wanted], base: KeyPath, where: Surroundings
) -> Iterator[Finding]:
    pinned = [one for one in named if one.revision or one.sha256]
    source = next(iter(pinned), None)
    if expert.revision is not None and (
        source is None
        or where.local_folder(source.source) is not None
        or not is_hub_id(source.source)
    ):
        reason = "would be ignored: only a Hugging Face id has revisions; remove the key"
        yield Finding(path=(*base, "revision"), value=shown(expert.revision), reason=reason)
    if expert.sha256 and source is None:
        reason = "would be ignored: this expert has no files here; remove the key"
        yield Finding(path=(*base, "sha256"), reason=reason)
    for name in expert.sha256:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            reason = f"{shown(name)} is no file inside of the model's folder"
            yield Finding(path=(*base, "sha256", name), reason=reason, is_about_key=True)
    yield from _lost(expert, source, base, where)


def _lost(
    expert: Expert, source: Wanted | None, base: KeyPath, where: Surroundings
) -> Iterator[Finding]:
    """Hashes of files that a folder at hand does not have."""
    folder = where.model_folder(source.source, source.revision) if source else None
    if folder is None:
        return
    files = listed(sorted(one.name for one in folder.iterdir() if one.is_file()))
    for name in expert.sha256:
        if not (folder / name).is_file():
            reason = f"{shown(name)} is no file of {str(folder)!r}; it has {files}"
            yield Finding(path=(*base, "sha256", name), reason=reason, is_about_key=True)
