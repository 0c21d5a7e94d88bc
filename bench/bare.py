"""AsyncLLM with nothing around it, in a process of its own: `python -m bench.bare '{...}'`.

The argument holds the engine's arguments. Each line on stdin is a `Load`; its figures come back as
one line of JSON. Prompts are token ids made before the clock starts, and nothing is turned into
text, so that what is measured is the engine alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any, TextIO

import orjson
import uvloop

from bench.load import Load
from bench.samples import Sample, figures


class Bare:
    """A started engine and its expert's tokenizer."""

    def __init__(self, engine_args: dict[str, Any]) -> None:
        from transformers import AutoTokenizer
        from vllm import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        self._tokenizer = AutoTokenizer.from_pretrained(engine_args["model"])
        self._engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**engine_args))
        self._num_sent = 0

    async def run(self, load: Load) -> dict[str, Any]:
        """The closed loop of `bench.load`, without HTTP."""
        prompts = [self._token_ids(load.text(index)) for index in range(load.max_requests)]
        indexes = iter(range(load.max_requests))
        started_s = perf_counter()
        end_s = started_s + load.max_s
        parts = await asyncio.gather(
            *(self._client(prompts, indexes, end_s, load.fields) for _ in range(load.clients))
        )
        samples = [sample for part in parts for sample in part]
        return {"clients": load.clients, **figures(samples, wall_s=perf_counter() - started_s)}

    def close(self) -> None:
        """End the engine's own processes."""
        self._engine.shutdown()

    def _token_ids(self, text: str) -> list[int]:
        chat = [{"role": "user", "content": text}]
        rendered = self._tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, tokenize=False
        )
        return list(self._tokenizer.encode(rendered, add_special_tokens=False))

    async def _client(
        self, prompts: Sequence[list[int]], indexes: Iterator[int], end_s: float, fields: Any
    ) -> list[Sample]:
        samples = []
        for index in indexes:
            samples.append(await self._generate(prompts[index], fields))
            if perf_counter() >= end_s:
                break
        return samples

    async def _generate(self, token_ids: list[int], fields: dict[str, Any]) -> Sample:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        bias = {int(token): value for token, value in fields.get("logit_bias", {}).items()}
        sampling = SamplingParams(
            temperature=fields["temperature"],
            max_tokens=fields["max_tokens"],
            logit_bias=bias or None,
            detokenize=False,
            output_kind=RequestOutputKind.DELTA,
        )
        self._num_sent += 1
        started_s, first_s, tokens = perf_counter(), 0.0, 0
        stream = self._engine.generate(
            {"prompt_token_ids": token_ids}, sampling, f"bare-{self._num_sent}"
        )
        async for output in stream:
            first_s = first_s or perf_counter()
            tokens += len(output.outputs[0].token_ids)
        return Sample(
            latency_ms=(perf_counter() - started_s) * 1000,
            first_token_ms=(first_s - started_s) * 1000,
            completion_tokens=tokens,
        )


async def serve(engine_args: dict[str, Any], out: TextIO) -> None:
    """Answer the loads of stdin until it ends; the first line out says that the engine is up."""
    bare = Bare(engine_args)
    try:
        print("ready", file=out, flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            result = await bare.run(Load(**orjson.loads(line)))
            print(orjson.dumps(result).decode(), file=out, flush=True)
    finally:
        bare.close()


def main() -> int:
    """Command line of the bare engine; what libraries print goes to stderr."""
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        uvloop.run(serve(orjson.loads(sys.argv[1]), out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
