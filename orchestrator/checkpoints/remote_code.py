"""Whether a model needs Python code of its own, read from its configuration alone."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator.checkpoints.sources import Wanted, safe
from orchestrator.errors import ModelError

#: Where installed packages list the types of models they know themselves.
_LISTS = {
    "transformers": ("models/auto/auto_mappings.py", "models/auto/configuration_auto.py"),
    "vllm": ("transformers_utils/config.py",),
}


def require_no_code(folder: Path, wanted: Wanted) -> None:
    """Refuse a model that runs code of its own, unless the registry allows it.

    Many models name such code (`auto_map`) that the installed packages know without it.

    Raises:
        ModelError: it needs the code; names the key that allows it.
    """
    config = _config(folder / "config.json")
    own = config.get("auto_map")
    kind = config.get("model_type")
    if wanted.allows_code or not isinstance(own, dict) or is_known(str(kind)):
        return
    raise ModelError(
        f"expert {wanted.expert_id!r}: {safe(wanted.source)} is of model_type {kind!r}, which "
        f"nothing installed knows, and its config.json asks to run {next(iter(own.values()))!r}: "
        "if you trust its Python code, set `trust_remote_code: true` in the expert's `engine`"
    )


def is_known(model_type: str) -> bool:
    """Whether an installed package knows models of this type; imports none."""
    entry = re.compile(rf"""(["']){re.escape(model_type)}\1|\b{re.escape(model_type)}=["']""")
    return any(entry.search(path.read_text(encoding="utf-8")) for path in _lists())


def _lists() -> Iterator[Path]:
    for package, names in _LISTS.items():
        spec = importlib.util.find_spec(package)
        folders = spec.submodule_search_locations if spec is not None else None
        for name in names if folders else ():
            path = Path(folders[0]) / name  # type: ignore[index]  # not empty here
            if path.is_file():
                yield path


def _config(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise ModelError(f"{path} is not JSON: {exc}") from exc
    return found if isinstance(found, dict) else {}
