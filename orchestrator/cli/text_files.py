"""Files of text that commands are given."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import SetupError


def text_of(file: Path) -> str:
    """The text of a file, its line ends as they are.

    Raises:
        SetupError: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as exc:
        raise SetupError(f"{str(file)!r} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise SetupError(
            f"{str(file)!r} is not UTF-8, as its byte {exc.start + 1} shows: save it as UTF-8"
        ) from exc
