"""Checks that vLLM and plain torch say the same words: `... .check_vllm capitals 100`."""

from __future__ import annotations

import os
import sys

from .chat import END, prompt_ids
from .evaluate import MAX_ANSWER_TOKENS, answers, load_heldout
from .export import load_shipped
from .measure import EXPERTS

_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}


def vllm_answers(name: str, questions: list[str]) -> list[str]:
    """Greedy answers of the expert's folder in an engine of its own."""
    os.environ.update(_ENVIRONMENT)
    from vllm import LLM, SamplingParams, TokensPrompt

    engine = LLM(str(EXPERTS / name), dtype="float32", enforce_eager=True, max_model_len=1024)
    sampling = SamplingParams(temperature=0, max_tokens=MAX_ANSWER_TOKENS, stop_token_ids=[END])
    prompts = [TokensPrompt(prompt_token_ids=prompt_ids(question)) for question in questions]
    return [output.outputs[0].text.strip() for output in engine.generate(prompts, sampling)]


def main(name: str, num_questions: int) -> int:
    """Prints the differences; the exit code is 1 when there are any."""
    heldout = load_heldout()
    own = [question.question for question in heldout if name in (question.skill, "generalist")]
    asked = own[:: max(1, len(own) // num_questions)][:num_questions]
    expected = answers(load_shipped(EXPERTS / name), asked)
    said = vllm_answers(name, asked)
    different = [row for row in zip(asked, expected, said, strict=True) if row[1] != row[2]]
    print(f"{name}: {len(asked) - len(different)} of {len(asked)} answers are the same words")
    for row in different:
        print(row)
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
