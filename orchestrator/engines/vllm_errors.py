"""vLLM's errors as ours: the one place that knows both trees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vllm import exceptions as vllm_errors
from vllm.v1.engine import exceptions as vllm_engine_errors

from orchestrator.errors import (
    EngineDeadError,
    EngineError,
    InvalidRequestError,
    OverloadedError,
)


@contextmanager
def translated(expert_id: str) -> Iterator[None]:
    """Turn what vLLM raises on a call to `expert_id` into errors of our tree."""
    try:
        yield
    except vllm_engine_errors.EngineDeadError as exc:
        raise EngineDeadError(f"expert {expert_id!r}: its engine died: {exc}") from exc
    except vllm_errors.VLLMClientError as exc:
        raise InvalidRequestError(
            f"expert {expert_id!r}: {exc}", param=getattr(exc, "parameter", None)
        ) from exc
    except vllm_errors.GracefulHTTPError as exc:
        raise OverloadedError(f"expert {expert_id!r}: {exc.message}", retry_after_s=1.0) from exc
    except vllm_errors.VLLMError as exc:
        raise EngineError(f"expert {expert_id!r}: its engine failed: {exc}") from exc


@contextmanager
def refused(expert_id: str) -> Iterator[None]:
    """Turn vLLM's bare refusals of a call's parameters into errors of the caller."""
    try:
        yield
    except (ValueError, TypeError) as exc:
        raise InvalidRequestError(f"expert {expert_id!r}: vLLM refuses the call: {exc}") from exc
