"""From settings to a cache of answers."""

from __future__ import annotations

from pathlib import Path

from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.caching.likeness import Likeness
from orchestrator.caching.settings import CacheSettings
from orchestrator.errors import SetupError
from orchestrator.store.answers import Answers
from routers.base import RouterError
from routers.static_files import table_of


def open_cache(settings: CacheSettings, store: Answers) -> AnswerCache | None:
    """The cache that `settings` ask for; `None` where answers are not kept.

    Raises:
        SetupError: what compares questions is missing or cannot be used.
    """
    likeness = open_likeness(settings)
    return None if settings.mode == "off" else AnswerCache(store, settings, likeness=likeness)


def open_likeness(settings: CacheSettings) -> Likeness | None:
    """What compares questions; `None` where only repeats are told again.

    Raises:
        SetupError: one of the two settings lacks the other, or the folder cannot be used.
    """
    least, folder = settings.likeness, settings.embedding
    if least is None and folder is None:
        return None
    if least is None or folder is None or settings.mode == "off":
        raise SetupError(
            f"answers to like questions need 'answer_likeness' ({least}), 'answer_embedding' "
            f"({folder!r}) and an 'answer_cache' that is on ({settings.mode!r})"
        )
    try:
        table = table_of(Path(folder), names={"static"})
    except RouterError as exc:
        raise SetupError(f"setting 'answer_embedding': {exc}") from exc
    assert table is not None, "a folder was given"
    return Likeness(table.embedding(), least=least)
