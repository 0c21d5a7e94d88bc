"""What a canary asks of vLLM, and how its answer is read."""

from __future__ import annotations

from vllm import SamplingParams
from vllm.outputs import RequestOutput
from vllm.sampling_params import RequestOutputKind

from orchestrator.engines.canary import NUM_TOKENS, Greedy


def greedy_params() -> SamplingParams:
    """How canaries are generated."""
    return SamplingParams(
        temperature=0.0,
        max_tokens=NUM_TOKENS,
        logprobs=2,
        ignore_eos=True,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def repeat_params() -> SamplingParams:
    """How a canary's continuation is read: the likeliest token at each place, and one step."""
    return SamplingParams(
        temperature=0.0,
        max_tokens=1,
        prompt_logprobs=1,
        ignore_eos=True,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def read_repeated(output: RequestOutput, *, num_tokens: int) -> Greedy:
    """What greedy decoding takes at the last places of a prompt of `repeat_params`.

    vLLM names the token that is there and the likeliest, which may be the same.
    """
    steps = [step for step in (output.prompt_logprobs or [])[-num_tokens:] if step is not None]
    ranked = [sorted(step.items(), key=lambda entry: entry[1].rank or 1) for step in steps]
    return Greedy(
        token_ids=tuple(best[0][0] for best in ranked),
        logprobs=tuple(best[0][1].logprob for best in ranked),
        margin=0.0,
    )


def read_greedy(output: RequestOutput) -> Greedy:
    """The continuation in a finished output of `greedy_params`."""
    (completion,) = output.outputs
    token_ids = tuple(completion.token_ids)
    scores = completion.logprobs or []
    ranked = [sorted((score.logprob for score in step.values()), reverse=True) for step in scores]
    return Greedy(
        token_ids=token_ids,
        logprobs=tuple(step[token].logprob for token, step in zip(token_ids, scores, strict=True)),
        margin=min(best[0] - best[1] for best in ranked),
    )
