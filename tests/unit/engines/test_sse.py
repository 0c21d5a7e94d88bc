import itertools

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
