import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engines import sse
from orchestrator.engines.sse import SseParser
from orchestrator.errors import EngineProtocolError

STREAM = (
    '\ufeff: hi\r\ndata: {"a":\ndata: "é"}\n\nevent: x\rdata:two\r\r\ndata: [DONE]\r\n\r\n'.encode()
)
EVENTS = ['{"a":\n"é"}'.encode(), b"two", b"[DONE]"]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"data: a\n\ndata: b\n\n", [b"a", b"b"], id="lf"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"], id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\rx", [b"a", b"b"], id="cr"),
        pytest.param(b": ping\n\ndata:a\n\n", [b"a"], id="comment"),
        pytest.param(b"data: a\ndata: b\n\n", [b"a\nb"], id="several lines"),
        pytest.param(b"id: 1\nretry: 5\ndata:  a\n\n", [b" a"], id="one blank is taken off"),
        pytest.param(b"data: a\n", [], id="unfinished"),
        pytest.param(b"data\n\n", [b""], id="no colon"),
        pytest.param(STREAM, EVENTS, id="all at once"),
    ],
)
def test_events_are_read(stream, events):
    assert SseParser().feed(stream) == events


@given(st.lists(st.integers(0, len(STREAM)), max_size=12).map(sorted))
def test_a_stream_may_be_split_anywhere(cuts):
    parser = SseParser()
    edges = [0, *cuts, len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(edges)]

    assert [event for piece in pieces for event in parser.feed(piece)] == EVENTS


def test_an_event_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 10)

    with pytest.raises(EngineProtocolError, match="longer than 10 bytes"):
        SseParser().feed(b"data: 12345678901")


def test_a_line_that_comes_in_thousands_of_pieces_is_read_in_time_that_grows_with_its_length():
    """Piece by piece anew, 16 MiB of pieces of 1 KiB would copy 128 GiB."""
    parser = SseParser()
    parser.feed(b"data: ")
    for _ in range(16_000):
        parser.feed(b"x" * 1024)

    assert [len(event) for event in parser.feed(b"\n\n")] == [16_000 * 1024]


def feed_without_end(parser: SseParser) -> None:
    for _ in range(17):
        parser.feed(b"data: " + b"x" * 2**20)


def test_a_line_that_is_refused_is_not_kept_by_the_error():
    parser = SseParser()
    tracemalloc.start()
    with pytest.raises(EngineProtocolError) as refused:
        feed_without_end(parser)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.code == "engine_protocol"
    assert kept < 4 * 2**20
