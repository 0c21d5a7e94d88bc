"""A multipart form as it arrives: parts and pieces of them, nothing held and nothing spooled."""

from __future__ import annotations

from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from orchestrator.errors import InvalidRequestError

_MAX_PARTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegins:
    """The head of a part."""

    #: Of its field.
    name: str
    #: `None` of a text field.
    filename: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEnds:
    """No more pieces of the part come."""


#: Pieces of a part come as bytes.
Event = PartBegins | PartEnds | bytes


class FormReader:
    """Turns the bytes of a form into events.

    Args:
        content_type: the header of the request.

    Raises:
        InvalidRequestError: the request is no form.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise InvalidRequestError(
                f"content-type is {content_type[:128]!r}; send a form, 'multipart/form-data' with "
                "its boundary"
            )
        self._events: list[Event] = []
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._num_parts = 0
        self._is_over = False
        self._parser = _parser(self, options[b"boundary"])

    def feed(self, chunk: bytes) -> list[Event]:
        """What a chunk of the body holds, in order.

        Raises:
            InvalidRequestError: it is no form.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as exc:
            raise _broken(str(exc)) from exc
        events, self._events = self._events, []
        return events

    def end(self) -> None:
        """The body has ended.

        Raises:
            InvalidRequestError: the form has not.
        """
        if not self._is_over:
            raise InvalidRequestError(
                "the form ends before its last boundary: the upload was cut off; send it again"
            )

    def on_part_begin(self) -> None:
        """See `MultipartParser`, as all that follow."""
        self._num_parts += 1
        if self._num_parts > _MAX_PARTS:
            raise _broken(f"it has more than {_MAX_PARTS} parts")
        self._disposition = b""

    def on_header_begin(self) -> None:
        """See `on_part_begin`."""
        self._header_name = self._header_value = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """See `on_part_begin`."""
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """See `on_part_begin`."""
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        """See `on_part_begin`."""
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value

    def on_headers_finished(self) -> None:
        """See `on_part_begin`."""
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise _broken(f"part {self._num_parts} has no name")
        filename = options.get(b"filename")
        self._events.append(
            PartBegins(
                name=_text(options[b"name"]),
                filename=None if filename is None else _text(filename),
            )
        )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """See `on_part_begin`."""
        self._events.append(data[start:end])

    def on_part_end(self) -> None:
        """See `on_part_begin`."""
        self._events.append(PartEnds())

    def on_end(self) -> None:
        """See `on_part_begin`."""
        self._is_over = True


def _parser(reader: FormReader, boundary: bytes) -> MultipartParser:
    try:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": reader.on_part_begin,
                "on_header_begin": reader.on_header_begin,
                "on_header_field": reader.on_header_field,
                "on_header_value": reader.on_header_value,
                "on_header_end": reader.on_header_end,
                "on_headers_finished": reader.on_headers_finished,
                "on_part_data": reader.on_part_data,
                "on_part_end": reader.on_part_end,
                "on_end": reader.on_end,
            },
        )
    except FormParserError as exc:
        raise _broken(str(exc)) from exc


def _broken(why: str) -> InvalidRequestError:
    return InvalidRequestError(f"the body is no valid multipart form: {why}")


def _text(value: bytes) -> str:
    """What came as Latin-1 is UTF-8, as clients send it."""
    return value.decode("utf-8", "replace")
