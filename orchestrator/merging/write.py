"""A recipe carried out: a folder with weights, config, tokenizer, card and canary."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.merging.adapters import write_blend
from orchestrator.merging.card import card
from orchestrator.merging.licences import Terms, terms_of
from orchestrator.merging.recipe import Recipe, Written
from orchestrator.merging.siblings import write_siblings
from orchestrator.merging.sources import template_note
from orchestrator.merging.storage import check_free, check_space, published

#: Records a canary beside the weights of a folder; it starts an engine.
Record = Callable[[Path], None]

#: Files beside the weights that make a folder a model; canaries and cards are of the source.
_COPIED = (
    "config.json",
    "generation_config.json",
    "*.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab*",
    "merges.txt",
    "chat_template*",
    "*processor_config.json",
    "configuration_*.py",
    "modeling_*.py",
)
_CARD = "README.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A folder that was written."""

    folder: Path
    written: Written
    terms: Terms
    #: What a person should know, one sentence each.
    notes: tuple[str, ...]


def write(
    recipe: Recipe,
    folder: Path,
    *,
    made_at: datetime,
    replaces: bool = False,
    record: Record | None = None,
) -> Merged:
    """Write the merge to `folder`, whole or not at all.

    Args:
        recipe: checked.
        folder: to write to.
        made_at: for the card.
        replaces: whether a folder that is there may be replaced.
        record: records the canary before the folder is seen; `None` leaves it out.

    Raises:
        MergeError: the folder is there, the disk is full, or the weights do not merge.
    """
    used = [*recipe.sources, *([recipe.shared] if recipe.shared else [])]
    check_free(folder, replaces=replaces, forbidden=[source.folder for source in used])
    check_space(folder, recipe.sources[0].checkpoint.num_bytes)
    terms = terms_of([source.expert for source in used])
    notes = _notes(recipe, has_canary=record is not None)
    with published(folder) as new:
        written = _write_weights(recipe, new)
        text = card(recipe, written, terms=terms, notes=notes, made_at=made_at)
        (new / _CARD).write_text(text, encoding="utf-8")
        if record is not None:
            record(new)
    return Merged(folder=folder, written=written, terms=terms, notes=notes)


def _write_weights(recipe: Recipe, folder: Path) -> Written:
    if recipe.method == "blend":
        return write_blend(recipe, folder)
    for path in sorted(recipe.sources[0].folder.iterdir()):
        if path.is_file() and any(fnmatch.fnmatch(path.name, pattern) for pattern in _COPIED):
            shutil.copyfile(path, folder / path.name)
    return write_siblings(recipe, folder)


def _notes(recipe: Recipe, *, has_canary: bool) -> tuple[str, ...]:
    notes = [] if recipe.method == "blend" else [template_note(recipe.sources)]
    if not has_canary:
        notes.append("no canary was recorded: the first load records it, and proves nothing")
    return tuple(note for note in notes if note)
