"""Where the parts of a batch lie in the storage."""

from __future__ import annotations

#: Below it, one folder a batch.
BATCHES = "batches"
#: Who runs batches now.
CLAIM = "runner.json"


def folder(batch_id: str) -> str:
    """All of a batch but its files."""
    return f"{BATCHES}/{batch_id}"


def record(batch_id: str) -> str:
    """The batch itself."""
    return f"{folder(batch_id)}/batch.json"


def index(batch_id: str) -> str:
    """Where its lines begin, and which calls they are foreseen to make."""
    return f"{folder(batch_id)}/lines.index"


def results(batch_id: str) -> str:
    """Folder of the segments with what came of its lines."""
    return f"{folder(batch_id)}/results"


def ending(batch_id: str) -> str:
    """Its output and error file, once both are written."""
    return f"{folder(batch_id)}/ending.json"


def timeline(batch_id: str) -> str:
    """What was predicted, and what happened."""
    return f"{folder(batch_id)}/timeline.json"


def is_kept(path: str) -> bool:
    """Whether an object of a batch stays after its end."""
    return path.endswith(("/batch.json", "/timeline.json"))
