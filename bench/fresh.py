"""Words of fresh engines, one expert after another: `python -m bench.fresh REGISTRY OUT`.

Each expert is the first and only one of its engine; an adapter the only one on its base.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

from bench.spoken import MAX_TOKENS, QUESTIONS, Spoken, Words, generators, write_words
from orchestrator.engines.vllm_settings import engine_arguments, prepare_environment
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.lora import read_adapter, roomy_rank
from orchestrator.registry.models import Expert


def words_of(expert: Expert) -> list[Spoken]:
    """What a fresh engine says."""
    from vllm import LLM, SamplingParams
    from vllm.distributed import cleanup_dist_env_and_memory
    from vllm.inputs import tokens_input
    from vllm.lora.request import LoRARequest

    from orchestrator.engines.vllm_live import is_on_cpu

    assert expert.model is not None
    assert isinstance(expert.engine, VllmEngine)
    lora, rank = None, 0
    if expert.adapter is not None:
        rank = roomy_rank(read_adapter(Path(expert.adapter)).rank)
        lora = LoRARequest(expert.id, 1, expert.adapter)
    max_loras = None if lora is None else 1
    alone = expert.model_copy(
        update={"engine": expert.engine.model_copy(update={"max_loras": max_loras})}
    )
    arguments = engine_arguments(alone, source=expert.model, on_cpu=is_on_cpu(), max_lora_rank=rank)
    llm = LLM(**arguments)
    prompts = [_ids(expert, question) for question in QUESTIONS]
    outputs = llm.generate(
        [tokens_input(ids) for ids in prompts],
        SamplingParams(temperature=0.0, max_tokens=MAX_TOKENS, logprobs=0),
        use_tqdm=False,
        lora_request=lora,
    )
    spoken = [_spoken(output) for output in outputs]
    del llm
    gc.collect()
    cleanup_dist_env_and_memory()
    return spoken


def _ids(expert: Expert, question: str) -> list[int]:
    from orchestrator.engines.vllm_expert import load_tokenizer, tokenizer_source

    assert expert.model is not None
    model = Path(expert.model)
    folder, base = (Path(expert.adapter), model) if expert.adapter else (model, None)
    tokenizer = load_tokenizer(expert, tokenizer_source(folder, base=base))
    chat = [{"role": "user", "content": question}]
    rendered = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    return list(tokenizer.encode(rendered, add_special_tokens=False))


def _spoken(output: Any) -> Spoken:
    (answer,) = output.outputs
    scores = [
        position[token_id].logprob
        for token_id, position in zip(answer.token_ids, answer.logprobs, strict=True)
    ]
    # The token that ends an answer is no word of it.
    words = scores[:-1] if answer.finish_reason == "stop" else scores
    return Spoken(prompt_token_ids=output.prompt_token_ids, text=answer.text, logprobs=tuple(words))


def main() -> None:
    """Command line."""
    # One process loads one engine after another in seconds; engines of their own take 15 s each.
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    prepare_environment()
    registry, out = (Path(argument) for argument in sys.argv[1:])
    words: Words = {expert.id: words_of(expert) for expert in generators(registry)}
    write_words(out, words)


if __name__ == "__main__":
    main()
