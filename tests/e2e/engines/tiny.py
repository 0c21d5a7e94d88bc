"""Tiny Llamas with random weights: siblings that answer noise, each its own."""

from pathlib import Path

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% if tools %}{{ tools | tojson }}{% endif %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SPECIAL = ("<pad>", "<eos>", "<user>", "<assistant>")
VOCAB_SIZE = 320
EOS = 257


def tiny_tokenizer(*extra: str, plain: tuple[str, ...] = ()):
    """A byte-level tokenizer: 256 bytes, then special tokens, then plain added ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(letters)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([*SPECIAL, *extra])
    backend.add_tokens(list(plain))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<eos>", pad_token="<pad>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def write_tiny(
    folder: Path, *, seed: int, extra: tuple[str, ...] = (), is_tied: bool = False
) -> None:
    """Write a Llama of 0.4 M random weights, large enough that its choices are not close."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=is_tied,
        bos_token_id=None,
        eos_token_id=EOS,
        pad_token_id=256,
        initializer_range=0.4,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tiny_tokenizer(*extra).save_pretrained(folder)
