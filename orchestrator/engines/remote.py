"""Engines that need no slot: they run inside the gateway."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engines.base import Engine
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.litellm import LitellmEngine
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.engines.replay import ReplayEngine
from orchestrator.errors import RegistryError
from orchestrator.guards.upstreams import upstream_policy
from orchestrator.registry.engine_entry import FakeEngine as FakeSpec
from orchestrator.registry.engine_entry import LitellmEngine as LitellmSpec
from orchestrator.registry.engine_entry import OpenAIEngine as OpenAISpec
from orchestrator.registry.engine_entry import ReplayEngine as ReplaySpec
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert


def is_remote(expert: Expert) -> bool:
    """Whether `expert` is answered inside the gateway rather than by a slot."""
    return not isinstance(expert.engine, VllmEngine)


def remote_engine(expert: Expert, environment: Mapping[str, str]) -> Engine:
    """The engine of an expert that no slot hosts.

    Args:
        expert: whose engine is wanted.
        environment: where its key is looked up, such as `os.environ`.

    Raises:
        RegistryError: the expert is hosted by a slot, or its key is not in the environment.
        MissingExtraError: its engine needs a package that is not installed.
    """
    spec = expert.engine
    match spec:
        case FakeSpec():
            delay_s = spec.token_delay_ms / 1000
            return FakeEngine(spec.says, token_delay_s=delay_s, max_recorded=0)
        case OpenAISpec():
            return OpenAIEngine(
                expert,
                api_key=api_key(expert, environment),
                policy=upstream_policy(environment),
            )
        case LitellmSpec():
            return LitellmEngine(
                expert,
                api_key=api_key(expert, environment),
                policy=upstream_policy(environment),
            )
        case ReplaySpec():
            return ReplayEngine(expert)
        case VllmEngine():
            raise RegistryError(f"expert {expert.id!r} is hosted by a slot: engine.kind is 'vllm'")


def api_key(expert: Expert, environment: Mapping[str, str]) -> str | None:
    """The key that an expert's upstream asks for; `None` where its entry names none.

    Raises:
        RegistryError: the variable that is to hold it is not set.
    """
    name = getattr(expert.engine, "api_key_env", None)
    if name is None:
        return None
    key = environment.get(name)
    if not key:
        raise RegistryError(
            f"expert {expert.id!r}: environment variable {name!r}, which engine.api_key_env "
            "names, is not set where the service runs: set it and start the service again, or "
            "take the expert out"
        )
    return key
