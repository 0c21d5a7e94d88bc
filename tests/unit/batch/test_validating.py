from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.fake_endpoint import FakeEndpoint
from orchestrator.batch.line import Line
from orchestrator.batch.line_index import IndexedLines
from orchestrator.batch.settings import BatchSettings
from orchestrator.batch.validating import Validation
from orchestrator.errors import ContextTooLongError, ExpertUnavailableError
from orchestrator.planner.workload import PlannedCall
from tests.batch_desk import CHAT, QUICK, line, lines

KNOWN = frozenset({"math", "law"})


async def in_pieces(data: bytes, num_bytes: int) -> AsyncIterator[bytes]:
    for begin in range(0, len(data), num_bytes):
        yield data[begin : begin + num_bytes]


async def validated(
    data: bytes, endpoint=None, settings: BatchSettings = QUICK, *, piece: int = 65_536, **options
) -> IndexedLines | tuple[BatchFault, ...]:
    endpoint = endpoint or FakeEndpoint(models=KNOWN)
    return await Validation(CHAT, endpoint, settings, **options).run(in_pieces(data, piece))


def places_of(faults) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.line, one.param) for one in faults]


@pytest.mark.parametrize(
    ("bad", "code", "param"),
    [
        (b"{\n", "invalid_json_line", None),
        (b"[1]\n", "invalid_json_line", None),
        (b"\xff\n", "invalid_json_line", None),
        (b"[" * 5_000 + b"\n", "invalid_json_line", None),
        (line("q0"), "duplicate_custom_id", "custom_id"),
        (line(""), "invalid_custom_id", "custom_id"),
        (line("x", method="GET"), "invalid_method", "method"),
        (line("x", url="/v1/embeddings"), "invalid_url", "url"),
        (line("x", url="/admin"), "invalid_url", "url"),
        (line("x", body=[]), "invalid_body", "body"),
        (line("x", model="maths"), "model_not_found", "body.model"),
        (line("x" * 30_000), "line_too_long", None),
    ],
)
async def test_one_bad_line_fails_the_file_and_is_named(bad, code, param):
    settings = BatchSettings(max_line_bytes=20_000)

    faults = await validated(lines(2) + b"\r\n" + bad + lines(0), settings=settings)

    assert places_of(faults) == [(code, 4, param)]


@pytest.mark.parametrize("content", [b"", b"\n \n\r\n", b"\xef\xbb\xbf"])
async def test_a_file_without_lines_says_so(content):
    assert places_of(await validated(content)) == [("empty_file", None, None)]


async def test_a_file_of_another_encoding_has_that_one_fault():
    faults = await validated(lines(3).decode().encode("utf-16"))

    assert [one.code for one in faults] == ["invalid_encoding"]


async def test_a_file_with_too_many_lines_says_how_many_it_has():
    faults = await validated(lines(11), settings=BatchSettings(max_lines=10))

    assert faults[0].code == "too_many_lines"
    assert "has 11 lines; at most 10" in faults[0].message


async def test_an_unknown_model_in_line_40_000_is_found():
    faults = await validated(lines(39_999) + line("last", model="maths") + lines(0))

    assert places_of(faults) == [("model_not_found", 40_000, "body.model")]
    assert "'maths'" in faults[0].message


async def test_the_first_faults_are_told_in_the_order_of_lines_and_the_rest_counted():
    content = b"".join(line(f"q{n % 50}") for n in range(60)) + b"{\n" * 20

    faults = await validated(content, settings=BatchSettings(max_faults=15))

    assert [one.line for one in faults] == [*range(51, 66), None]
    assert faults[-1].code == "more_faults"
    assert faults[-1].message.startswith("15 more faults")


async def test_a_repeated_id_names_the_line_that_had_it_first():
    faults = await validated(line("a") + line("b") + line("a") + line("a"))

    assert [(one.line, one.message[:10]) for one in faults] == [
        (3, "line 1 has"),
        (4, "line 1 has"),
    ]


@pytest.mark.parametrize("piece", [1, 7, 65_536])
async def test_places_numbers_and_calls_are_of_the_lines_that_are_not_empty(piece):
    content = b"\xef\xbb\xbf" + line("a") + b"\r\n\n" + line("b", model="law").rstrip()

    found = await validated(content, piece=piece)

    assert found.index.number.tolist() == [1, 4]
    cut = [
        content[begin : begin + length]
        for begin, length in zip(found.index.offset, found.index.num_bytes, strict=True)
    ]
    assert cut == [line("a").rstrip(), line("b", model="law").rstrip()]
    assert found.workload.experts == ("math", "law")
    assert found.workload.request.tolist() == [0, 1]


@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from(
                [line("a"), line("b"), b"\n", b"\r\n", b"{}", b"\xef\xbb\xbf", b"\x00"]
            ),
            st.binary(max_size=12),
        ),
        max_size=12,
    ),
    piece=st.integers(1, 64),
)
async def test_whatever_a_file_holds_it_has_faults_or_lines_and_never_both(parts, piece):
    found = await validated(b"".join(parts), piece=piece)

    if isinstance(found, IndexedLines):
        assert len(found.index) == found.workload.num_requests > 0
    else:
        assert found
        assert all(one.code and one.message for one in found)


class Later:
    """Cannot foresee at first."""

    def __init__(self, *, num_refusals: int) -> None:
        self.num_refusals = num_refusals

    async def foresee(self, line: Line, *, owner: str = "") -> tuple[PlannedCall, ...]:
        self.num_refusals -= 1
        if self.num_refusals >= 0:
            raise ExpertUnavailableError("no generation is live yet", retry_after_s=0.001)
        return await FakeEndpoint().foresee(line)


async def test_a_service_that_has_just_begun_is_waited_for():
    found = await validated(lines(2), Later(num_refusals=3))

    assert found.workload.num_calls == 2


async def test_a_service_that_never_can_say_lets_lines_go_on_unforeseen():
    settings = BatchSettings(retry_s=0.001, max_foresee_waits=3)

    found = await validated(lines(5), Later(num_refusals=1_000), settings)

    assert (len(found.index), found.workload.num_calls) == (5, 0)


class Refusing:
    async def foresee(self, line: Line, *, owner: str = "") -> tuple[PlannedCall, ...]:
        raise ContextTooLongError("9 tokens are too many; at most 8", param="messages")


async def test_what_the_endpoint_refuses_is_told_with_its_words():
    faults = await validated(line("a"), Refusing())

    assert places_of(faults) == [("context_length_exceeded", 1, "body.messages")]
    assert faults[0].message == "9 tokens are too many; at most 8"


async def test_lines_that_were_valid_once_stay_in_the_batch_whatever_is_known_now():
    endpoint = FakeEndpoint(models=frozenset({"law"}))

    found = await validated(lines(4), endpoint, is_again=True)

    assert len(found.index) == 4
    assert found.workload.request.tolist() == [1, 3]
