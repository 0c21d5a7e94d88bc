"""Which ids mean which text: tokenizers compared without loading them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from orchestrator.errors import WeightsError

FILE = "tokenizer.json"

#: Settings of a call, not of the vocabulary.
_OF_CALLS = frozenset({"truncation", "padding"})


def vocabulary_digest(folder: Path) -> str | None:
    """Equal for tokenizers that give equal ids; `None` where there is no tokenizer.json.

    Files that differ in layout, or write merges as older versions do, are equal.

    Raises:
        WeightsError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise WeightsError(f"{path} cannot be read as JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise WeightsError(f"{path} is no tokenizer: it holds no mapping")
    kept = {key: value for key, value in found.items() if key not in _OF_CALLS}
    text = json.dumps(kept | {"model": _model(found.get("model"))}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _model(model: Any) -> Any:
    if not isinstance(model, dict) or not isinstance(model.get("merges"), list):
        return model
    merges = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
    return model | {"merges": merges}
