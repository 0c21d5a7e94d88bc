"""Which files of a source are fetched: what an engine reads, and nothing that runs when loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from orchestrator.checkpoints.origin import Listing, Remote
from orchestrator.checkpoints.sources import Wanted, safe
from orchestrator.errors import ModelError

_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib"})
_TEXTS = frozenset({".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".md"})
#: Folders of sentence-transformers' modules; others hold the same weights in other formats.
_MODULE = re.compile(r"\d_\w+")
_MAX_NAMED = 5


def chosen(listing: Listing, wanted: Wanted) -> tuple[Remote, ...]:
    """The files of `listing` to fetch, by name.

    Raises:
        ModelError: there is no configuration or there are no safetensors; says what is there.
    """
    found = {file.name: file for file in listing.files if _is_wanted(file.name, wanted)}
    if any(not name.startswith("consolidated") for name in _weights(found)):
        # The same weights once more, in Mistral's own layout.
        found = {name: file for name, file in found.items() if not name.startswith("consolidated")}
    _require_whole(listing, found, wanted)
    return tuple(found[name] for name in sorted(found))


def _is_wanted(name: str, wanted: Wanted) -> bool:
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
    is_placed = len(path.parts) == 1 or (len(path.parts) == 2 and _MODULE.fullmatch(path.parts[0]))
    if not is_inside or not is_placed or name.startswith("."):
        return False
    if name in wanted.sha256 or path.suffix == ".safetensors":
        return path.suffix not in _PICKLES
    if path.suffix == ".py":
        return wanted.allows_code
    return path.suffix in _TEXTS and not name.endswith(".bin.index.json")


def _weights(names: dict[str, Remote]) -> Iterator[str]:
    return (name for name in names if name.endswith(".safetensors") and "/" not in name)


def _require_whole(listing: Listing, found: dict[str, Remote], wanted: Wanted) -> None:
    source = f"expert {wanted.expert_id!r}: {safe(wanted.source)}"
    there = sorted(file.name for file in listing.files)
    if wanted.config not in found:
        raise ModelError(f"{source} has no {wanted.config}; it has {_listed(there)}")
    if next(_weights(found), None) is None:
        pickles = [name for name in there if PurePosixPath(name).suffix in _PICKLES]
        if pickles:
            raise ModelError(
                f"{source} has its weights as pickle ({pickles[0]}), which can run code when "
                "loaded: name a revision or a copy that has safetensors"
            )
        raise ModelError(f"{source} has no *.safetensors; it has {_listed(there)}")
    lost = sorted(set(wanted.sha256) - set(found))
    if lost:
        raise ModelError(
            f"{source}: `sha256` names {lost[0]!r}, which is not fetched from it; files: "
            f"{_listed(sorted(found))}"
        )


def _listed(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    shown = ", ".join(names[:_MAX_NAMED]) or "no files"
    return f"{shown} and {more} more" if more > 0 else shown
