import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from orchestrator.engines.detokenizing import Detokenizer
from orchestrator.engines.spelling import Spelling
from tests.unit.engines.tokens import EOS, byte_tokenizer, ids

TOKENIZER = byte_tokenizer()


@given(st.text(max_size=20))
def test_tokens_taken_one_by_one_give_the_text(text):
    detokenizer = Detokenizer(TOKENIZER, [])

    assert "".join([detokenizer.push([token]) for token in ids(TOKENIZER, text)]) == text


def test_half_a_character_is_held_back():
    first, second = ids(TOKENIZER, "é")
    detokenizer = Detokenizer(TOKENIZER, [])

    assert [detokenizer.push([first]), detokenizer.push([second])] == ["", "é"]


@pytest.mark.parametrize(("skips", "expected"), [(True, "ab"), (False, "a<eos>b")])
def test_special_tokens_are_shown_on_demand(skips, expected):
    detokenizer = Detokenizer(TOKENIZER, [], skips_special=skips)
    a, b = ids(TOKENIZER, "ab")

    assert detokenizer.push([a, EOS, b]) == expected


@given(st.lists(st.integers(0, 255), max_size=30))
def test_no_bytes_break_it(token_ids):
    detokenizer = Detokenizer(TOKENIZER, [])

    assert isinstance(detokenizer.push(token_ids), str)


@given(st.text(max_size=10))
def test_spelt_bytes_are_the_text(text):
    spelling = Spelling(TOKENIZER)

    assert b"".join(spelling.bytes_of(token) for token in ids(TOKENIZER, text)) == text.encode()


def test_half_a_character_is_spelt_as_its_byte():
    spelling = Spelling(TOKENIZER)
    first, _ = ids(TOKENIZER, "é")

    assert spelling.bytes_of(first) == b"\xc3"
    assert spelling.text_of(first) == "\ufffd"


def test_special_and_unknown_tokens_are_spelt():
    spelling = Spelling(TOKENIZER)

    assert spelling.text_of(EOS) == "<eos>"
    assert spelling.text_of(9999) == ""


def test_sentencepiece_notation_is_read():
    vocab = {"<0xE2>": 0, "\u2581the": 1}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.decoder = decoders.Metaspace()
    spelling = Spelling(tokenizer)

    assert spelling.bytes_of(0) == b"\xe2"
    assert spelling.text_of(1) == " the"
