"""`kind: rpc`: samples with how likely their words were, and the answer of the likeliest.

Source: RPC, Zhou 2025, arXiv:2502.00511, as `routers/perplexity.py` has it. Ours: samples may be of
several experts, and where no engine tells log-probabilities a plain vote is held.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from statistics import fmean

from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query, Reply
from orchestrator.compositions.closing import no_answer
from orchestrator.compositions.progress import Told
from orchestrator.compositions.sampled import SampledProgram
from orchestrator.compositions.stages import failures_of, told
from orchestrator.compositions.staging import Staging
from orchestrator.compositions.voting import Sample, winner
from orchestrator.engines.base import Sampling
from orchestrator.errors import EngineProtocolError
from orchestrator.registry.composition_rpc import RpcComposition
from routers.perplexity import Path, elect


class Rpc(SampledProgram[RpcComposition]):
    """Samples the router's best expert, or its best experts, and weighs what they were sure of."""

    takes_text = True

    async def _answered(
        self, reply: Reply, staging: Staging, query: Query
    ) -> AsyncGenerator[Told, None]:
        team = reply.decision.team or (reply.decision.expert,)
        asks = [Ask(expert=name, sampling=self._drawn(query.sampling)) for name in team]
        calls = await staging.run("samples", asks)
        samples = self.reading.read(calls)
        if len(samples) < self.spec.min_answers:
            raise no_answer(self.id, calls, num=len(samples), least=self.spec.min_answers)
        elected = likeliest(samples)
        failed = failures_of(calls) | _without_logprobs(samples)
        reply.decision = replace(reply.decision, expert=elected.expert, failed=failed)
        choice = elected.choice
        if query.sampling.top_logprobs is None:
            choice = replace(choice, logprobs=())  # asked for here, not by the caller
        yield told(choice, staging.usage)

    def _drawn(self, sampling: Sampling) -> Sampling:
        return replace(
            sampling,
            n=self.spec.samples,
            temperature=self.spec.temperature,
            top_logprobs=sampling.top_logprobs or 0,
        )


def likeliest(samples: Sequence[Sample]) -> Sample:
    """The sample with the elected answer whose words were likeliest.

    Samples that came without log-probabilities do not count; where none has any, all count alike.

    Args:
        samples: one or more, read.
    """
    known = [one for one in samples if one.choice.logprobs]
    if not known:
        return winner(samples, dict.fromkeys((one.expert for one in samples), 1.0))
    paths = [_path(one) for one in known]
    answer = elect(paths).answer
    own = [
        (path.mean_logprob, one)
        for path, one in zip(paths, known, strict=True)
        if answer is None or one.answer == answer
    ]
    return max(own, key=lambda found: found[0])[1]


def _path(sample: Sample) -> Path:
    choice = sample.choice
    return Path(
        expert=sample.expert,
        text=f"{choice.reasoning}\n{choice.text}",
        answer=sample.answer,
        mean_logprob=fmean(token.logprob for token in choice.logprobs),
    )


def _without_logprobs(samples: Sequence[Sample]) -> dict[str, str]:
    return {one.expert: EngineProtocolError.code for one in samples if not one.choice.logprobs}
