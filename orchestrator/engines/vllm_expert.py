"""What an engine needs of one expert besides its weights, read once when it is first loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from vllm.tokenizers import get_tokenizer

from orchestrator.engines.lineage import Lineage
from orchestrator.engines.prompting import Prompting
from orchestrator.engines.spelling import Spelling
from orchestrator.engines.vllm_parsing import OutputParsers
from orchestrator.errors import RegistryError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedExpert:
    """An expert as its engine sees it."""

    expert: Expert
    #: Of the weights, its base's for an adapter; `None` for those of a hub.
    folder: Path | None
    #: Of an adapter's own matrices, `None` for other experts.
    adapter_folder: Path | None
    #: Folder or hub id.
    source: str
    backend: Tokenizer
    prompting: Prompting
    spelling: Spelling
    parsers: OutputParsers
    stop_token_ids: frozenset[int]
    max_model_len: int
    #: Whether its tokenizer.json is the one the engine started with.
    has_engine_tokenizer: bool


class ExpertShelf:
    """The experts of one lineage as one engine sees them, each read once.

    Args:
        lineage: of the engine.
        first: the expert whose weights the engine started with.
        model_config: vLLM's, for parsers that look at it.
    """

    def __init__(self, lineage: Lineage, first: Expert, *, model_config: Any) -> None:
        self._lineage = lineage
        self._model_config = model_config
        backend = load_tokenizer(first, source_of(lineage, first)).backend_tokenizer
        self._engine_tokenizer = tokenizer_digest(backend)
        self._hosted_by_id: dict[str, HostedExpert] = {}

    def get(self, expert: Expert) -> HostedExpert:
        """Tokenizer, chat template, end tokens and parsers of `expert`; reads files.

        Raises:
            RegistryError: there is no fast tokenizer, or vLLM knows no such parser.
        """
        hosted = self._hosted_by_id.get(expert.id)
        if hosted is None or hosted.expert != expert:
            hosted = self._hosted_by_id[expert.id] = self._load(expert)
        return hosted

    def _load(self, expert: Expert) -> HostedExpert:
        assert isinstance(expert.engine, VllmEngine)
        source = source_of(self._lineage, expert)
        folder = self._lineage.folder(expert)
        adapter_folder = self._lineage.adapter_folder(expert)
        if adapter_folder is not None and folder is not None:
            tokenizer = load_tokenizer(expert, tokenizer_source(adapter_folder, base=folder))
        else:
            tokenizer = load_tokenizer(expert, source)
        backend = tokenizer.backend_tokenizer
        return HostedExpert(
            expert=expert,
            folder=folder,
            adapter_folder=adapter_folder,
            source=source,
            backend=backend,
            prompting=Prompting(expert.id, tokenizer=tokenizer, backend=backend),
            spelling=Spelling(backend),
            parsers=OutputParsers(expert, tokenizer=tokenizer, model_config=self._model_config),
            stop_token_ids=stop_token_ids(tokenizer, folder),
            max_model_len=expert.engine.max_model_len,
            has_engine_tokenizer=tokenizer_digest(backend) == self._engine_tokenizer,
        )


def tokenizer_source(folder: Path, *, base: Path | None) -> str:
    """Where the tokenizer of a model or of an adapter on `base` lies.

    An adapter that was trained with a tokenizer or a template of its own brings them along.
    """
    has_own = base is None or (folder / "tokenizer.json").is_file()
    return str(folder if has_own else base)


def source_of(lineage: Lineage, expert: Expert) -> str:
    """Folder or hub id of the weights of `expert`, as vLLM takes it."""
    return str(lineage.folder(expert) or expert.model)


def load_tokenizer(expert: Expert, source: str) -> Any:
    """The expert's Hugging Face tokenizer, which must be a fast one."""
    assert isinstance(expert.engine, VllmEngine)
    try:
        tokenizer = get_tokenizer(source, trust_remote_code=expert.engine.trust_remote_code)
    except (OSError, ValueError) as exc:
        raise RegistryError(f"expert {expert.id!r}: no tokenizer in {source}: {exc}") from exc
    if not isinstance(getattr(tokenizer, "backend_tokenizer", None), Tokenizer):
        raise RegistryError(
            f"expert {expert.id!r}: {source} has no tokenizer.json; convert it to a fast tokenizer"
        )
    # A tokenizer.json that cuts or pads would do so to every prompt, in silence.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def tokenizer_digest(backend: Tokenizer) -> str:
    """Equal for equal tokenizers, however their files are laid out."""
    return hashlib.sha256(backend.to_str().encode()).hexdigest()


def stop_token_ids(tokenizer: Any, folder: Path | None) -> frozenset[int]:
    """Every id that the tokenizer, config.json or generation_config.json call an end."""
    noted: list[Any] = [tokenizer.eos_token_id]
    for name in ("config.json", "generation_config.json"):
        path = folder / name if folder else None
        if path is not None and path.is_file():
            noted.append(json.loads(path.read_bytes()).get("eos_token_id"))
    return frozenset(token_id for entry in noted for token_id in _ids(entry))


def _ids(entry: Any) -> Iterable[int]:
    if entry is None:
        return ()
    return (entry,) if isinstance(entry, int) else entry
