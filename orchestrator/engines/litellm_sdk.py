"""LiteLLM's SDK, imported off the event loop and told to keep to itself.

Importing it takes over two seconds and 190 MB, so only processes that serve an expert of kind
`litellm` do, in a thread of their own. By itself it reads `.env` files, fetches price and header
tables from GitHub, prints hints and retries; all of that is switched off here.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import httpx

from orchestrator.engines.litellm_connecting import judging_session
from orchestrator.engines.openai import MAX_CONNECTIONS
from orchestrator.errors import MissingExtraError

#: Read by LiteLLM when it is imported: nothing is fetched, and no `.env` is read.
ENVIRONMENT = {
    "LITELLM_OFFLINE_MODE": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
}

#: Every expert asks for the SDK; the first one sets it up.
_LOADING = Lock()


def importing(package: str = "litellm") -> Future[Any]:
    """Begin to import the SDK in a thread.

    Raises:
        MissingExtraError: it is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise _missing(package)
    with_one_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import-litellm")
    try:
        return with_one_thread.submit(_load, package)
    finally:
        with_one_thread.shutdown(wait=False)


async def close_connections(sdk: Any) -> None:
    """Close every connection that the SDK keeps, and forget it."""
    await sdk.close_litellm_async_clients()
    sdk.in_memory_llm_clients_cache.flush_cache()
    if sdk.aclient_session is not None:
        await sdk.aclient_session.aclose()
        sdk.aclient_session = None


def _load(package: str) -> Any:
    with _LOADING:
        os.environ.update(ENVIRONMENT)
        try:
            sdk: Any = importlib.import_module(package)
        except ImportError as exc:
            raise _missing(exc.name or package) from exc
        if sdk.aclient_session is None:
            _set_up(sdk)
        return sdk


def _set_up(sdk: Any) -> None:
    sdk.suppress_debug_info = True
    sdk.turn_off_message_logging = True
    # A parameter that a provider lacks is refused, never dropped in silence.
    sdk.drop_params = False
    sdk.modify_params = False
    # Left to itself it opens a client a raw completion, and closes none of them.
    sdk.disable_aiohttp_transport = True
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=64)
    sdk.aclient_session = judging_session(limits)
    _warm_up(sdk)


def _warm_up(sdk: Any) -> None:
    """Answer two calls without a network, in the importing thread.

    The SDK imports half of itself with its first answer and its first stream; in the event loop
    that would hold up every other request of the gateway for some 0.4 s.
    """
    said = {"messages": [{"role": "user", "content": "hi"}], "mock_response": "hi"}
    sdk.completion(model="openai/warm-up", **said)
    for _ in sdk.completion(model="openai/warm-up", stream=True, **said):
        pass


def _missing(package: str) -> MissingExtraError:
    return MissingExtraError(
        f"experts of engine kind 'litellm' need the package {package!r}, which is not installed: "
        "pip install --no-deps --require-hashes -r requirements/remote.lock (the extra 'remote')"
    )
