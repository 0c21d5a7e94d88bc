import json

import pytest

from bench.asking import text_of

WORD = b"data: " + json.dumps({"choices": [{"delta": {"content": "hi"}}]}).encode() + b"\n\n"
WAIT = b": waiting position=1 waited_s=0.250\n\n"
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize("cut", [b"", WORD, WAIT, WORD + WAIT])
def test_a_stream_without_its_end_is_told(cut):
    with pytest.raises(ValueError, match="did not end"):
        text_of(cut)


def test_a_stream_that_waited_has_its_words_alone():
    assert text_of(WAIT + WAIT + WORD + WORD + DONE) == "hihi"
