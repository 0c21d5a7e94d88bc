import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.api.multipart import Event, FormReader, PartBegins, PartEnds
from orchestrator.errors import InvalidRequestError

CONTENT_TYPE = "multipart/form-data; boundary=edge"


def read(body: bytes, *, step: int = 1_000_000, content_type: str = CONTENT_TYPE) -> list[Event]:
    reader = FormReader(content_type)
    events = [
        event
        for begin in range(0, len(body), step)
        for event in reader.feed(body[begin : begin + step])
    ]
    reader.end()
    return events


def joined(events: list[Event]) -> list[tuple[str, str | None, bytes]]:
    """The parts: name, filename, contents."""
    parts: list[tuple[str, str | None, bytes]] = []
    for event in events:
        if isinstance(event, PartBegins):
            parts.append((event.name, event.filename, b""))
        elif isinstance(event, bytes):
            name, filename, before = parts.pop()
            parts.append((name, filename, before + event))
    return parts


def sent(contents: bytes, filename: str = "in.jsonl") -> tuple[bytes, str]:
    """A form as httpx sends it, and so OpenAI's client."""
    request = httpx.Request(
        "POST", "http://h", data={"purpose": "batch"}, files={"file": (filename, contents)}
    )
    return request.read(), request.headers["content-type"]


def test_parts_come_with_their_names_and_contents():
    body, content_type = sent(b'{"a": 1}\r\n--no edge\r\n')

    assert joined(read(body, content_type=content_type)) == [
        ("purpose", None, b"batch"),
        ("file", "in.jsonl", b'{"a": 1}\r\n--no edge\r\n'),
    ]


def test_a_filename_may_have_any_letters():
    body, content_type = sent(b"x", "größe 数.jsonl")

    assert read(body, content_type=content_type)[3] == PartBegins(
        name="file", filename="größe 数.jsonl"
    )


def test_every_part_ends():
    body, content_type = sent(b"x")

    assert read(body, content_type=content_type).count(PartEnds()) == 2


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b"-", b"--edge", b"\r\n--edge", b"\r\n--"])),
    st.integers(1, 9),
)
def test_how_a_form_is_cut_changes_nothing(parts, step):
    contents = b"".join(parts)
    assume(b"\r\n--edge" not in contents)
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = head + contents + b"\r\n--edge--\r\n"

    assert joined(read(body, step=step)) == [("file", "f", contents)]


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data", "multipart/form-data; boundary=", "garbage"],
)
def test_what_is_no_form_is_told_what_to_send(content_type):
    with pytest.raises(InvalidRequestError, match="send a form, 'multipart/form-data'"):
        FormReader(content_type)


HEAD = b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"garbage" * 100, "is no valid multipart form", id="garbage"),
        pytest.param(b"", "ends before its last boundary", id="nothing"),
        pytest.param(HEAD + b"contents", "ends before its last boundary", id="cut off"),
        pytest.param(HEAD + b"1\r\n--edge\r\n", "ends before its last boundary", id="one part"),
        pytest.param(
            b"--edge\r\nX: 1\r\n\r\n1\r\n--edge--\r\n", "part 1 has no name", id="no name"
        ),
        pytest.param((HEAD + b"1\r\n") * 20, "more than 16 parts", id="parts"),
        pytest.param(b"--edge\r\n" + b"X" * 100_000, "no valid multipart form", id="head"),
        pytest.param(b"--edge\r\n" + b"X: 1\r\n" * 1000, "no valid multipart form", id="heads"),
    ],
)
def test_a_broken_form_is_a_fault_that_says_how(body, message):
    with pytest.raises(InvalidRequestError, match=message):
        read(body, step=1000)


def test_a_boundary_without_end_is_refused():
    with pytest.raises(InvalidRequestError, match="no valid multipart form"):
        FormReader("multipart/form-data; boundary=" + "x" * 10_000)


@given(st.binary(max_size=300))
def test_whatever_is_sent_makes_events_or_a_fault(body):
    try:
        events = read(b"--edge\r\n" + body, step=50)
    except InvalidRequestError:
        return
    assert all(isinstance(event, PartBegins | PartEnds | bytes) for event in events)
