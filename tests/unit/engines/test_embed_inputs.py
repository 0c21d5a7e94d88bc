"""Inputs of embedding calls as token ids, and the lengths of vectors."""

import pytest
from tokenizers import processors

from orchestrator.engines.base import Text
from orchestrator.engines.embed_inputs import EmbedInputs, vector_length
from orchestrator.engines.embedding import EmbedCall
from orchestrator.errors import (
    ContextTooLongError,
    InvalidRequestError,
    UnsupportedParameterError,
)
from tests.unit.engines.tokens import EOS, byte_tokenizer, ids


def inputs(*, tokenizer=None, **fields) -> EmbedInputs:
    settings = {"max_model_len": 8, "vocab_size": 258} | fields
    return EmbedInputs("minilm", tokenizer or byte_tokenizer(), **settings)


def call(*given: str | tuple[int, ...], dimensions: int | None = None) -> EmbedCall:
    texts = (Text(text=one) if isinstance(one, str) else Text(token_ids=one) for one in given)
    return EmbedCall(
        id="e", expert="minilm", generation=1, inputs=tuple(texts), dimensions=dimensions
    )


def test_texts_and_ids_may_be_mixed_and_keep_their_order():
    found = inputs().token_ids(call("ab", (7, 8), "c"))

    assert found == [ids(byte_tokenizer(), "ab"), [7, 8], ids(byte_tokenizer(), "c")]


def test_texts_get_the_special_tokens_and_ids_do_not():
    tokenizer = byte_tokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", EOS)]
    )

    assert [one[-1] for one in inputs(tokenizer=tokenizer).token_ids(call("ab", (7,)))] == [EOS, 7]


def test_a_tokenizer_that_cuts_and_pads_is_not_allowed_to():
    tokenizer = byte_tokenizer()
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)

    found = inputs(tokenizer=tokenizer).token_ids(call("abcdefgh", "a"))

    assert [len(one) for one in found] == [8, 1]
    assert tokenizer.truncation["max_length"] == 4


def test_models_of_lower_case_get_lower_case():
    assert inputs(lowercases=True).token_ids(call("AB")) == [ids(byte_tokenizer(), "ab")]


@pytest.mark.parametrize(
    ("asked", "error", "param", "sentence"),
    [
        (call("abcdefghi"), ContextTooLongError, "input", "9 tokens, its context holds 8"),
        (call("a", (1,) * 9), ContextTooLongError, "input[1]", "9 tokens, its context holds 8"),
        (call("a", ""), InvalidRequestError, "input[1]", "has no tokens"),
        (call((0, 258)), InvalidRequestError, "input", "id 258, its vocabulary ends at 257"),
    ],
    ids=["long text", "long ids", "no tokens", "unknown id"],
)
def test_an_input_the_model_cannot_take_is_named(asked, error, param, sentence):
    with pytest.raises(error, match=sentence) as caught:
        inputs().token_ids(asked)

    assert caught.value.param == param
    assert "'minilm'" in caught.value.message


@pytest.mark.parametrize(
    ("asked", "lengths", "cut_to"),
    [(None, (), None), (384, (), None), (384, (64, 128), None), (64, (64, 128), 64)],
)
def test_a_length_the_model_is_trained_for_is_cut_to(asked, lengths, cut_to):
    assert vector_length(call("a", dimensions=asked), full=384, lengths=lengths) == cut_to


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        ((), "vectors of 100 dimensions, only 384"),
        ((64, 128), "vectors of 100 dimensions, allowed: 64, 128 and 384"),
        (tuple(range(1, 99)), "vectors of 100 dimensions, allowed: 1 to 98 and 384"),
    ],
    ids=["one", "some", "a run"],
)
def test_any_other_length_is_refused_with_those_it_has(lengths, sentence):
    with pytest.raises(UnsupportedParameterError, match=sentence) as caught:
        vector_length(call("a", dimensions=100), full=384, lengths=lengths)

    assert caught.value.param == "dimensions"
