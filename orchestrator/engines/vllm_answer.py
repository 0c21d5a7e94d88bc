"""vLLM's outputs of one request as chunks."""

from __future__ import annotations

from vllm.outputs import CompletionOutput, RequestOutput

from orchestrator.engines.base import Chunk, Delta, FinishReason, Usage
from orchestrator.engines.choices import ChoiceReader, Reading
from orchestrator.errors import EngineError

_ENDS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "repetition": "stop"}


class AnswerReader:
    """Reads all choices of one call.

    Args:
        reading: how the choices are read.
        num_choices: `n` of the call.
        are_copies: whether all choices read the first completion: greedy ones would be equal,
            and vLLM generates no more than one.
        expert_id: for messages.
    """

    def __init__(
        self, reading: Reading, *, num_choices: int, are_copies: bool, expert_id: str
    ) -> None:
        self._expert_id = expert_id
        self._are_copies = are_copies
        self._choices = [ChoiceReader(index, reading) for index in range(num_choices)]
        self._num_prompt_tokens = len(reading.prompt_token_ids)
        self._num_cached_tokens = 0
        self._num_left = num_choices
        #: Choices that met a stop string while vLLM goes on with them.
        self.overrun: list[int] = []

    @property
    def is_over(self) -> bool:
        """Whether every choice has ended."""
        return self._num_left == 0

    def read(self, output: RequestOutput) -> Chunk:
        """One output as a chunk, which may be empty.

        Raises:
            EngineError: vLLM ended a choice by itself.
        """
        self._num_cached_tokens = output.num_cached_tokens or 0
        deltas = []
        for completion in output.outputs:
            for choice in self._readers(completion.index):
                delta = self._read_choice(choice, completion)
                if delta is not None:
                    deltas.append(delta)
        if self.is_over:
            return Chunk(deltas=tuple(deltas), usage=self._usage())
        has_ended = any(delta.finish_reason is not None for delta in deltas)
        return Chunk(deltas=tuple(deltas), used=self._usage() if has_ended else None)

    def _readers(self, index: int) -> list[ChoiceReader]:
        return self._choices if self._are_copies else self._choices[index : index + 1]

    def _read_choice(self, choice: ChoiceReader, completion: CompletionOutput) -> Delta | None:
        if choice.is_ended:
            return None
        delta: Delta | None = choice.read(
            completion.token_ids, end=self._end(completion), logprobs=completion.logprobs
        )
        if choice.is_ended:
            self._num_left -= 1
            if completion.finish_reason is None:
                self.overrun.append(completion.index)
        return delta

    def _end(self, completion: CompletionOutput) -> FinishReason | None:
        if completion.finish_reason is None:
            return None
        end = _ENDS.get(completion.finish_reason)
        if end is None:
            raise EngineError(
                f"expert {self._expert_id!r}: vLLM ended the answer with "
                f"{completion.finish_reason!r}"
            )
        return end

    def _usage(self) -> Usage:
        return Usage(
            prompt_tokens=self._num_prompt_tokens,
            completion_tokens=sum(choice.num_tokens for choice in self._choices),
            cached_tokens=self._num_cached_tokens,
            reasoning_tokens=sum(choice.num_reasoning_tokens for choice in self._choices),
        )
