"""LiteLLM's import takes seconds, which no test's time-out should have to cover."""

import asyncio
import importlib.util

import pytest

from orchestrator.engines.litellm_sdk import importing


@pytest.fixture(scope="session", autouse=True)
async def sdk_imported():
    assert importlib.util.find_spec("litellm"), "requirements/remote.lock is not installed"
    await asyncio.wrap_future(importing())
