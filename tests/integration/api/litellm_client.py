"""LiteLLM's router and embeddings as its users have them: prints what they read.

In a program of its own: LiteLLM keeps the connections that it makes until its program ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import litellm

ASKED = [{"role": "user", "content": "1+1?"}]
TEXTS = ["one two", "six"]


async def _chats(url: str) -> tuple[dict[str, str], int]:
    given = {
        "model": "openai/refined", "api_base": f"{url}/v1", "api_key": "none", "messages": ASKED,
        "max_retries": 0,
    }  # fmt: skip
    whole = await litellm.acompletion(**given)
    blocking = await asyncio.to_thread(litellm.completion, **given)
    told = {
        "awaited": whole.choices[0].message.content,
        "blocking": blocking.choices[0].message.content,
        "streamed": await _read(await litellm.acompletion(**given, stream=True)),
    }
    return told, whole.usage.completion_tokens


async def _chats_of_a_router(url: str) -> dict[str, str]:
    base = {"api_base": f"{url}/v1", "api_key": "none", "max_retries": 0}
    named = {"two": "openai/refined", "openai/*": "openai/*"}
    router = litellm.Router(
        [{"model_name": name, "litellm_params": {"model": model, **base}}
         for name, model in named.items()],
        num_retries=0,
    )  # fmt: skip
    stream = await router.acompletion(model="two", messages=ASKED, stream=True)
    whole = {
        "awaited": await router.acompletion(model="two", messages=ASKED),
        "any name": await router.acompletion(model="openai/refined", messages=ASKED),
        "blocking": await asyncio.to_thread(router.completion, model="two", messages=ASKED),
    }
    texts = {name: one.choices[0].message.content for name, one in whole.items()}
    return texts | {"streamed": await _read(stream)}


async def _read(stream: Any) -> str:
    return "".join([part.choices[0].delta.content or "" async for part in stream])


async def _vectors(base: str) -> dict[str, Any]:
    given = {"model": "openai/vectors", "api_base": base, "api_key": "none"}
    router = litellm.Router([{"model_name": "any", "litellm_params": given}], num_retries=0)
    found = {
        "awaited": await litellm.aembedding(input=TEXTS, **given),
        "float": await litellm.aembedding(input=TEXTS, encoding_format="float", **given),
        "blocking": await asyncio.to_thread(litellm.embedding, input=TEXTS, **given),
        "router": await router.aembedding(model="any", input=TEXTS),
    }
    return {name: one.data[0]["embedding"] for name, one in found.items()}


async def _told(url: str, base: str) -> dict[str, Any]:
    chats, num_tokens = await _chats(url)
    return {
        "chats": chats,
        "completion_tokens": num_tokens,
        "chats of a router": await _chats_of_a_router(url),
        "vectors": await _vectors(base),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_told(*sys.argv[1:]))))
