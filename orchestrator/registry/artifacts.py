"""Files a registry names: folders of weights, folders of fitted routers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import SetupError, WeightsError
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.models import ReplayEngine
from orchestrator.registry.recordings import read_recordings
from orchestrator.registry.surroundings import Surroundings, has, is_hub_id
from orchestrator.registry.weights import Weights, read_checkpoint

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.joblib")


def findings(draft: Draft, where: Surroundings) -> Iterator[Finding]:
    """Everything wrong with the files a registry names."""
    for at, expert in draft.hosted.items():
        if expert.model is not None:
            yield from model_findings(expert.model, ("experts", at, "model"), where)
    for at, expert in draft.experts.items():
        if isinstance(expert.engine, ReplayEngine):
            yield from recording_findings(expert.engine, ("experts", at, "engine"), where)
    for name, router in draft.routers.items():
        yield from router_findings(router.artifact, ("routers", name, "artifact"), where)


def model_findings(model: str, path: KeyPath, where: Surroundings) -> Iterator[Finding]:
    """What is wrong with the weights of one expert."""
    folder = where.model_folder(model)
    if folder is None:
        yield _elsewhere(model, path, where)
    elif not has(folder, "config.json"):
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


def router_findings(artifact: str, path: KeyPath, where: Surroundings) -> Iterator[Finding]:
    """What is wrong with the folder of a fitted router."""
    hint = "write it with `orchestrator fit`"
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
    sizes: dict[int, Weights] = {}
    for at, expert in draft.hosted.items():
        folder = where.model_folder(expert.model) if expert.model is not None else None
        try:
            if folder is not None and has(folder, "*.safetensors"):
                sizes[at] = read_checkpoint(folder).weights
        except WeightsError:
            continue  # `model_findings` says so
    return sizes


def _elsewhere(model: str, path: KeyPath, where: Surroundings) -> Finding:
    nowhere = f"is no folder in {str(where.folder)!r}"
    if not is_hub_id(model):
        reason = f"{nowhere} and no Hugging Face id (org/name)"
        return Finding(path=path, value=shown(model), reason=reason)
    if where.is_offline:
        reason = f"{nowhere} nor in Hugging Face's local cache, and HF_HUB_OFFLINE is set"
        return Finding(path=path, value=shown(model), reason=reason)
    reason = f"{nowhere}: taken as a Hugging Face id, to be fetched when the service starts"
    return Finding(path=path, value=shown(model), reason=reason, is_warning=True)


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
        read_checkpoint(folder)
    except WeightsError as exc:
        yield Finding(path=path, value=shown(model), reason=f"has damaged weights: {exc}")


def _lacks(folder: str, path: KeyPath, file: str, *, hint: str) -> Finding:
    return Finding(path=path, value=shown(folder), reason=f"has no {file}; {hint}")
