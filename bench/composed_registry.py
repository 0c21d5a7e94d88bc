"""The demo's registry of compositions with more of them, as a file anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.service import read_registry


def write_registry(demo: Path, more: Mapping[str, Mapping[str, Any]], *, to: Path) -> Path:
    """Write `compositions.yaml` of `demo` with `more` compositions; its paths become absolute.

    Args:
        demo: the folder of the demo.
        more: entries by name, their prompts relative to `demo`.
        to: folder of the file.
    """
    content = read_registry(demo / "compositions.yaml")
    content["compositions"] |= {name: dict(entry) for name, entry in more.items()}
    for expert in content["experts"]:
        if "model" in expert:
            expert["model"] = str(demo / expert["model"])
    for router in content["routers"].values():
        if "artifact" in router:
            router["artifact"] = str(demo / router["artifact"])
    for entry in content["compositions"].values():
        prompts = entry.get("prompts", {})
        entry["prompts"] = {role: str(demo / file) for role, file in prompts.items()}
    to.mkdir(parents=True, exist_ok=True)
    path = to / "compositions.json"
    path.write_text(json.dumps(content, indent=1))  # which YAML holds as well
    return path
