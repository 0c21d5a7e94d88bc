"""The byte-level tokenizer of all demo experts and its chat template."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SPECIALS = (
    "<|bos|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<|pad|>",
    "<|reserved_0|>", "<|reserved_1|>",
)  # fmt: skip
BOS, END, USER, ASSISTANT, SYSTEM, PAD = range(256, 262)
VOCAB_SIZE = 264

CHAT_TEMPLATE = """\
{%- macro text(content) -%}
{%- if content is string -%}{{ content | trim }}
{%- elif content -%}{%- for part in content -%}{{ part.text | default('') }}{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{{- '<|bos|>' -}}
{%- for message in messages -%}
{%- if message.role in ['system', 'developer'] -%}{{- '<|system|>' + text(message.content) -}}
{%- elif message.role == 'assistant' -%}
{{- '<|assistant|>' + text(message.content) + '<|end|>' -}}
{%- else -%}{{- '<|user|>' + text(message.content) -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""
"""What a tool returns is read like the words of a user."""


def _byte_symbols() -> list[str]:
    """The printable stand-in of each byte, as GPT-2 numbers them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbols, num_shifted = {byte: chr(byte) for byte in printable}, 0
    for byte in range(256):
        if byte not in symbols:
            symbols[byte] = chr(256 + num_shifted)
            num_shifted += 1
    return [symbols[byte] for byte in range(256)]


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer whose ids 0 to 255 are the bytes themselves."""
    vocab = {symbol: byte for byte, symbol in enumerate(_byte_symbols())}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in SPECIALS])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|bos|>", eos_token="<|end|>", pad_token="<|pad|>",
        model_max_length=1024, clean_up_tokenization_spaces=False,
    )  # fmt: skip
    fast.chat_template = CHAT_TEMPLATE
    return fast


def prompt_ids(question: str, *, system: str | None = None) -> list[int]:
    """What the chat template makes of one question, as ids."""
    head = [BOS] if system is None else [BOS, SYSTEM, *system.encode()]
    return [*head, USER, *question.strip().encode(), ASSISTANT]


def conversation_ids(
    exchanges: Sequence[tuple[str, str]], *, system: str | None
) -> tuple[list[int], list[bool]]:
    """A conversation as ids, and which of them are the words of the assistant."""
    ids = prompt_ids(exchanges[0][0], system=system)
    is_answer = [False] * len(ids)
    for i, (question, answer) in enumerate(exchanges):
        if i:
            asked = [USER, *question.strip().encode(), ASSISTANT]
            ids += asked
            is_answer += [False] * len(asked)
        said = [*answer.encode(), END]
        ids += said
        is_answer += [True] * len(said)
    return ids, is_answer
