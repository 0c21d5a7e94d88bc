"""The asynchronous client."""

from orchestrator.client.asynchronous.client import AsyncClient

__all__ = ["AsyncClient"]
