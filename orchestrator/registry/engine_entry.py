"""What generates an expert's tokens: the engines that an entry of the registry may have."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from orchestrator.registry.fields import Entry

#: `generate` answers with text, `embed` with one vector a text.
Task = Literal["generate", "embed"]


class VllmEngine(Entry):
    """Weights hosted by a slot's own vLLM."""

    kind: Literal["vllm"] = Field("vllm", description="What generates the tokens.")
    task: Task = Field("generate", description="What it makes: text, or vectors of texts.")
    max_model_len: int = Field(1024, ge=16, description="Longest context, tokens.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Arithmetic type; `auto` is float32 on a CPU."
    )
    kv_cache_gib: float = Field(
        0.25, gt=0, description="Memory for the KV cache on each accelerator, GiB."
    )
    tensor_parallel: int = Field(1, ge=1, description="Accelerators one engine spans.")
    max_loras: int | None = Field(
        None, ge=1, description="Adapters held ready at once; none where it takes no adapters."
    )
    tool_parser: str | None = Field(None, description="vLLM's parser of tool calls.")
    reasoning_parser: str | None = Field(None, description="vLLM's parser of reasoning.")
    trust_remote_code: bool = Field(False, description="Run code that comes with the model.")
    args: dict[str, Any] = Field(
        default_factory=dict, description="Any other argument of the installed vLLM's engine."
    )


class OpenAIEngine(Entry):
    """An upstream that speaks OpenAI's protocol."""

    kind: Literal["openai"] = Field(description="What generates the tokens.")
    base_url: str = Field(description="Root of the upstream, ending in `/v1`.")
    model: str = Field(min_length=1, description="The model's name at the upstream.")
    task: Task = Field("generate", description="What it makes: text, or vectors of texts.")
    api_key_env: str | None = Field(
        None, description="Name of the environment variable that holds the key."
    )
    timeout_s: float = Field(60.0, gt=0, description="Longest silence of the upstream, seconds.")
    continues: Literal["no", "prefill", "vllm"] = Field(
        "no",
        description=(
            "Whether it goes on in the middle of an answer: given as the last turn (`prefill`), "
            "or as vLLM wants it told."
        ),
    )
    max_context: int | None = Field(None, ge=1, description="Longest context, tokens.")


class LitellmEngine(Entry):
    """A hosted provider, by LiteLLM; needs the extra `remote`."""

    kind: Literal["litellm"] = Field(description="What generates the tokens.")
    model: str = Field(
        min_length=1, description="LiteLLM's name of it, such as `anthropic/claude-haiku-4-5`."
    )
    task: Task = Field("generate", description="What it makes: text, or vectors of texts.")
    base_url: str | None = Field(None, description="Root of the provider, where it is another.")
    api_key_env: str | None = Field(
        None, description="Name of the environment variable that holds the key."
    )
    timeout_s: float = Field(60.0, gt=0, description="Longest silence of the provider, seconds.")
    continues: Literal["no", "prefill"] = Field(
        "no",
        description="Whether it goes on in the middle of an answer that is given as the last turn.",
    )
    max_context: int | None = Field(None, ge=1, description="Longest context, tokens.")


class ReplayEngine(Entry):
    """Recorded answers, by prompt: for evaluation without a model."""

    kind: Literal["replay"] = Field(description="What generates the tokens.")
    answers: str = Field(
        min_length=1, description="Parquet file of recorded answers, relative to this file."
    )
    model: str = Field(min_length=1, description="The recorded model, by its column `model`.")


class FakeEngine(Entry):
    """A scripted engine that answers at once: for tests, benches and trying a registry."""

    kind: Literal["fake"] = Field(description="What generates the tokens.")
    task: Task = Field("generate", description="What it makes: text, or vectors of texts.")
    says: str = Field("", description="The answer; `{prompt}` stands for the last user turn.")
    token_delay_ms: float = Field(0.0, ge=0, description="Pause before each token, ms.")


EngineSpec = Annotated[
    VllmEngine | OpenAIEngine | LitellmEngine | ReplayEngine | FakeEngine,
    Field(discriminator="kind"),
]
