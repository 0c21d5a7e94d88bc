# Made of asynchronous/__init__.py by `python orchestrator/client/twin.py`: edit that one.
"""The blocking client."""

from orchestrator.client.blocking.client import Client

__all__ = ["Client"]
