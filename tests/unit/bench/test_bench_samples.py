import pytest

from bench.samples import Reading, Sample, figures, percentile

ROLE = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
WORD = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"


def test_the_first_token_is_the_first_event_with_text():
    reading = Reading(is_stream=True)

    for now_s, piece in enumerate([ROLE, WORD[:10], WORD[10:], WORD, USAGE, DONE]):
        reading.add(piece, now_s=now_s)

    assert reading.first_token_at_s == 2
    assert reading.completion_tokens() == 2


def test_a_stream_without_its_end_is_an_error():
    reading = Reading(is_stream=True)
    reading.add(WORD + USAGE, now_s=0)

    with pytest.raises(ValueError, match="did not end"):
        reading.completion_tokens()


def test_an_error_body_is_not_an_answer():
    reading = Reading(is_stream=False)
    reading.add(b'{"error":{"message":"no such model"}}', now_s=0)

    with pytest.raises(ValueError, match="no such model"):
        reading.completion_tokens()


def test_percentiles_are_by_nearest_rank():
    values = [float(value) for value in range(1, 101)]

    assert [percentile(values, share) for share in (0.5, 0.99)] == [51.0, 100.0]


def test_rates_are_counts_over_wall_time():
    sample = Sample(latency_ms=10, first_token_ms=4, completion_tokens=8)

    found = figures([sample] * 20, wall_s=2)

    assert (found["requests_per_s"], found["tokens_per_s"]) == (10, 80)
    assert found["first_token_ms"]["p50"] == 4
