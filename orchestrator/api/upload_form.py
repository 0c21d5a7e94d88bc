"""What the form of an upload says, part by part; its file is passed on as it comes."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.api.multipart import Event, PartBegins, PartEnds
from orchestrator.errors import InvalidRequestError

FILE = "file"
PURPOSE = "purpose"
ANCHOR = "expires_after[anchor]"
SECONDS = "expires_after[seconds]"
_TEXTS = (PURPOSE, ANCHOR, SECONDS)
#: Of files that callers send; `batch_output` is what batches write.
_PURPOSES = ("batch",)
#: Seconds that a file may be kept: an hour to thirty days, as OpenAI has it.
MIN_KEPT_S, MAX_KEPT_S = 3600, 30 * 24 * 3600
_MAX_TEXT_BYTES = 1024
_MAX_NAME_CHARS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What a form asks for beside the contents."""

    filename: str
    #: Seconds from its creation; `None` keeps it.
    expires_after_s: int | None


class UploadForm:
    """Takes the events of a form."""

    def __init__(self) -> None:
        self._texts: dict[str, bytearray] = {}
        self._filename: str | None = None
        self._part = ""

    def take(self, event: Event) -> bytes:
        """The bytes of the file in an event; none in most.

        Raises:
            InvalidRequestError: a part is unknown, there twice, or says what is not allowed.
        """
        if isinstance(event, PartBegins):
            self._begin(event)
        elif isinstance(event, PartEnds):
            if self._part == PURPOSE:
                _require_purpose(self._text(PURPOSE))
        elif self._part == FILE:
            return event
        else:
            self._add(event)
        return b""

    def end(self) -> Uploaded:
        """What the whole form says.

        Raises:
            InvalidRequestError: a part is missing, or contradicts another.
        """
        for name, is_there in ((FILE, self._filename is not None), (PURPOSE, self._has(PURPOSE))):
            if not is_there:
                raise InvalidRequestError(
                    f"the form has no part {name!r}; it needs 'file' and 'purpose'", param=name
                )
        assert self._filename is not None
        return Uploaded(filename=self._filename, expires_after_s=self._expires_after_s())

    def _begin(self, part: PartBegins) -> None:
        name = part.name
        if name not in (FILE, *_TEXTS):
            allowed = ", ".join(map(repr, (FILE, *_TEXTS)))
            raise InvalidRequestError(
                f"the form has a part {name[:64]!r}; allowed are {allowed}", param=name[:64]
            )
        if name in self._texts or (name == FILE and self._filename is not None):
            raise InvalidRequestError(
                f"the form has two parts {name!r}; send one a request", param=name
            )
        if name == FILE:
            self._filename = _filename(part.filename)
        else:
            self._texts[name] = bytearray()
        self._part = name

    def _add(self, piece: bytes) -> None:
        text = self._texts[self._part]
        text += piece
        if len(text) > _MAX_TEXT_BYTES:
            raise InvalidRequestError(
                f"the part {self._part!r} has more than {_MAX_TEXT_BYTES} bytes", param=self._part
            )

    def _has(self, name: str) -> bool:
        return name in self._texts

    def _text(self, name: str) -> str:
        return self._texts[name].decode("utf-8", "replace")

    def _expires_after_s(self) -> int | None:
        if not self._has(ANCHOR) and not self._has(SECONDS):
            return None
        for name in (ANCHOR, SECONDS):
            if not self._has(name):
                raise InvalidRequestError(
                    f"the form has no part {name!r}; 'expires_after' needs both", param=name
                )
        if self._text(ANCHOR) != "created_at":
            raise InvalidRequestError(
                f"{ANCHOR!r} is {self._text(ANCHOR)[:64]!r}; it must be 'created_at'", param=ANCHOR
            )
        return _seconds(self._text(SECONDS))


def _filename(given: str | None) -> str:
    if given is None:
        raise InvalidRequestError(
            "the part 'file' has no filename; send it as a file, not as a text", param=FILE
        )
    if not 0 < len(given) <= _MAX_NAME_CHARS:
        raise InvalidRequestError(
            f"the filename has {len(given)} letters; it must have 1 to {_MAX_NAME_CHARS}",
            param=FILE,
        )
    return given


def _require_purpose(given: str) -> None:
    if given not in _PURPOSES:
        raise InvalidRequestError(
            f"'purpose' is {given[:64]!r}; allowed is {', '.join(map(repr, _PURPOSES))}",
            param=PURPOSE,
        )


def _seconds(given: str) -> int:
    # By digits first: Python refuses to parse numbers of thousands of digits.
    is_number = given.isascii() and given.isdigit() and len(given) <= 9
    if not is_number or not MIN_KEPT_S <= int(given) <= MAX_KEPT_S:
        raise InvalidRequestError(
            f"{SECONDS!r} is {given[:64]!r}; it must be a whole number of seconds from "
            f"{MIN_KEPT_S} to {MAX_KEPT_S}",
            param=SECONDS,
        )
    return int(given)
