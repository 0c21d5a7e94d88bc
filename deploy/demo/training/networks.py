"""The two architectures: Llama for the experts, Qwen2 for the generalist."""

from __future__ import annotations

import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from .chat import BOS, END, PAD, VOCAB_SIZE

MAX_POSITIONS = 1024


def expert_network(seed: int) -> PreTrainedModel:
    """The network every expert shares: siblings that one engine can swap in place."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCAB_SIZE, hidden_size=128, intermediate_size=320, num_hidden_layers=5,
            num_attention_heads=4, num_key_value_heads=4, head_dim=32,
            max_position_embeddings=MAX_POSITIONS, tie_word_embeddings=False, rms_norm_eps=1e-5,
            bos_token_id=BOS, eos_token_id=END, pad_token_id=PAD,
        )
    )  # fmt: skip


def generalist_network(seed: int) -> PreTrainedModel:
    """Another architecture: the engine must be rebuilt to go from an expert to it.

    Its shapes are the trunk's, plus biases in the attention, so that it can start from the trunk.
    """
    torch.manual_seed(seed)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=VOCAB_SIZE, hidden_size=128, intermediate_size=320, num_hidden_layers=5,
            num_attention_heads=4, num_key_value_heads=4,
            max_position_embeddings=MAX_POSITIONS, tie_word_embeddings=False, rms_norm_eps=1e-5,
            bos_token_id=BOS, eos_token_id=END, pad_token_id=PAD, use_sliding_window=False,
        )
    )  # fmt: skip
