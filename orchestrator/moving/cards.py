"""What the card of a model says of it: the front matter of its README.md, as hubs have it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: Of the hub's own bookkeeping: `base_model:org/name`, `region:us`, libraries and formats.
_MARKS = re.compile(
    r".*:.*|transformers|safetensors|pytorch|peft|lora|gguf|onnx|endpoints_compatible|"
    r"text-generation-inference|autotrain_compatible|generated_from_trainer",
    re.IGNORECASE,
)
_MAX_TAGS = 8
_MAX_CHARS = 64
#: What cards write where they name no licence.
_NO_LICENCE = frozenset({"other", "unknown", "none", ""})
#: The hub's names of licences that SPDX writes otherwise.
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc0-1.0": "CC0-1.0",
    "gpl-3.0": "GPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "openrail": "OpenRAIL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a registry takes from it."""

    #: As SPDX has it where that is known, else as the card names it.
    license: str | None = None
    tags: tuple[str, ...] = ()


def read_card(folder: Path) -> Card:
    """The card of the model in `folder`; one that is absent or cannot be read says nothing."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return Card()
    told = _front_matter(text)
    return Card(license=_license(told), tags=_tags(told))


def _front_matter(text: str) -> dict[str, Any]:
    found = re.match(r"---[ \t]*\r?\n(.*?)^---[ \t]*$", text, re.DOTALL | re.MULTILINE)
    try:
        told = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return {}
    return told if isinstance(told, dict) else {}


def _license(told: dict[str, Any]) -> str | None:
    for key in ("license", "license_name"):
        for named in _texts(told.get(key)):
            if named.lower() not in _NO_LICENCE:
                return _SPDX.get(named.lower(), named)
    return None


def _tags(told: dict[str, Any]) -> tuple[str, ...]:
    """Its own tags and languages, each once."""
    named = [*_texts(told.get("tags")), *_texts(told.get("language"))]
    kept = [one for one in named if not _MARKS.fullmatch(one)]
    return tuple(dict.fromkeys(kept))[:_MAX_TAGS]


def _texts(value: object) -> Iterable[str]:
    """One text or a list of them; YAML reads the language `no` as false."""
    several = value if isinstance(value, list) else [value]
    written = ("no" if one is False else one for one in several)
    return [one.strip() for one in written if isinstance(one, str) and 0 < len(one) <= _MAX_CHARS]
