"""Engines that need no slot: they run inside the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engines.base import Engine
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.errors import RegistryError
from orchestrator.registry.models import Expert, VllmEngine
from orchestrator.registry.models import FakeEngine as FakeSpec
from orchestrator.registry.models import OpenAIEngine as OpenAISpec


def is_remote(expert: Expert) -> bool:
    """Whether `expert` is answered inside the gateway rather than by a slot."""
    return not isinstance(expert.engine, VllmEngine)


def remote_engine(expert: Expert, environment: Mapping[str, str]) -> Engine:
    """The engine of an expert of kind `openai` or `fake`.

    Args:
        expert: whose engine is wanted.
        environment: where its key is looked up, such as `os.environ`.

    Raises:
        RegistryError: the expert is hosted by a slot, or its key is not in the environment.
    """
    spec = expert.engine
    if isinstance(spec, FakeSpec):
        return FakeEngine(spec.says, token_delay_s=spec.token_delay_ms / 1000)
    if isinstance(spec, VllmEngine):
        raise RegistryError(f"expert {expert.id!r} is hosted by a slot: engine.kind is 'vllm'")
    if not isinstance(spec, OpenAISpec):
        raise RegistryError(f"expert {expert.id!r}: engine.kind {spec.kind!r} is not served yet")
    if spec.api_key_env is None:
        return OpenAIEngine(expert)
    key = environment.get(spec.api_key_env)
    if not key:
        raise RegistryError(
            f"expert {expert.id!r}: environment variable {spec.api_key_env!r}, which "
            "engine.api_key_env names, is not set"
        )
    return OpenAIEngine(expert, api_key=key)
