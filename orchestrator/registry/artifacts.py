"""Files a registry names: folders of weights, folders of fitted routers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import SetupError, WeightsError
from orchestrator.registry import origins
from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import ReplayEngine
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.recordings import read_recordings
from orchestrator.registry.surroundings import Surroundings, has
from orchestrator.registry.weights import Weights, weights_at

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.joblib")


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Everything wrong with the files a registry names."""
    yield from origins.findings(draft.experts, where)
    for at, expert in draft.hosted.items():
        for path, one in origins.wanted(expert):
            if not one.is_adapter:  # those are compared with their base, elsewhere
                yield from content_findings(one, ("experts", at, *path), where)
    for at, expert in draft.experts.items():
        if isinstance(expert.engine, ReplayEngine):
            yield from recording_findings(expert.engine, ("experts", at, "engine"), where)
    for path, entry in draft.fitted:
        for key, folder in entry.folders():
            yield from router_findings(entry.kind, folder, (*path, *key), where)


def content_findings(one: Wanted, path: KeyPath, where: Surroundings) -> Iterator[Finding]:
    """What is wrong with the weights of one model that is at hand."""
    folder, model = where.model_folder(one.source, one.revision), one.source
    if folder is None:
        return  # `origins` says so
    if not has(folder, "config.json"):
        yield _lacks(model, path, "config.json", hint="is it a model's folder?")
    elif not has(folder, "*.safetensors"):
        yield _no_safetensors(model, path, folder)
    else:
        yield from _damaged(model, path, folder)


def recording_findings(
    engine: ReplayEngine, path: KeyPath, where: Surroundings
) -> Iterator[Finding]:
    """What is wrong with a file of recorded answers: it is read as it will be served."""
    try:
        read_recordings(where.file_at(engine.answers), engine.model)
    except SetupError as exc:
        yield Finding(path=(*path, "answers"), value=shown(engine.answers), reason=str(exc))


def router_findings(
    kind: str, artifact: str, path: KeyPath, where: Surroundings
) -> Iterator[Finding]:
    """What is wrong with the folder of a fitted router or cascade."""
    hint = f"write it with `orchestrator fit {kind}`"
    folder = where.folder_at(artifact)
    if folder is None:
        reason = f"is no folder in {str(where.folder)!r}; {hint}"
        yield Finding(path=path, value=shown(artifact), reason=reason)
    elif not has(folder, "manifest.json"):
        yield _lacks(artifact, path, "manifest.json", hint=hint)
    elif pickle := _pickle_in(folder):
        reason = f"holds a pickle ({pickle}), which can run code when loaded; {hint}"
        yield Finding(path=path, value=shown(artifact), reason=reason)


def weights_by_expert(draft: Draft, where: Surroundings) -> dict[int, Weights]:
    """Sizes of the hosted experts whose weights are at hand and sound, by position."""
    found = {
        at: weights_of(expert.model, where, revision=expert.revision)
        for at, expert in draft.hosted.items()
    }
    return {at: weights for at, weights in found.items() if weights is not None}


def weights_of(
    model: str | None, where: Surroundings, *, revision: str | None = None
) -> Weights | None:
    """Sizes of a model whose weights, or their outline, are at hand and sound."""
    if model is None:
        return None
    folder = where.model_folder(model, revision) or where.library.outline(model, revision)
    try:
        if folder is not None and has(folder, "*.safetensors"):
            return weights_at(folder)
    except WeightsError:
        pass  # `model_findings` says so
    return None


def _no_safetensors(model: str, path: KeyPath, folder: Path) -> Finding:
    pickle = _pickle_in(folder)
    if pickle is None:
        return _lacks(model, path, "*.safetensors", hint="are the weights still to be copied?")
    reason = (
        f"has its weights as pickle ({pickle}), which can run code when loaded; "
        "convert them to safetensors"
    )
    return Finding(path=path, value=shown(model), reason=reason)


def _pickle_in(folder: Path) -> str | None:
    found = (path.name for pattern in _PICKLES for path in folder.glob(pattern))
    return min(found, default=None)


def _damaged(model: str, path: KeyPath, folder: Path) -> Iterator[Finding]:
    try:
        weights_at(folder)
    except WeightsError as exc:
        yield Finding(path=path, value=shown(model), reason=f"has damaged weights: {exc}")


def _lacks(folder: str, path: KeyPath, file: str, *, hint: str) -> Finding:
    return Finding(path=path, value=shown(folder), reason=f"has no {file}; {hint}")
