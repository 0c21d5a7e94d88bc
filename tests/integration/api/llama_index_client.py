"""LlamaIndex as its users have it, run with its own versions of everything: prints what it read."""

from __future__ import annotations

import asyncio
import json
import sys

from llama_index.core.llms import ChatMessage
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike


async def _read(url: str) -> dict[str, str]:
    llm = OpenAILike(
        model="refined", api_base=f"{url}/v1", api_key="none", is_chat_model=True, max_retries=0
    )
    asked = [ChatMessage(role="user", content="1+1?")]
    streamed = [chunk.delta or "" for chunk in llm.stream_chat(asked)]
    return {
        "chat": str(llm.chat(asked).message.content),
        "complete": llm.complete("1+1?").text,
        "stream": "".join(streamed),
        "async": str((await llm.achat(asked)).message.content),
    }


async def _embedded(base: str) -> dict[str, list[float]]:
    embedding = OpenAILikeEmbedding(model_name="vectors", api_base=base, api_key="none")
    return {
        "embedded": embedding.get_text_embedding_batch(["one two", "six"])[0],
        "queried": embedding.get_query_embedding("one two"),
        "embedded_async": await embedding.aget_text_embedding("one two"),
    }


async def _told(url: str, base: str) -> dict[str, object]:
    return {**await _read(url), **await _embedded(base)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_told(*sys.argv[1:]))))
