"""The public endpoint as the operator's own client sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx

from orchestrator.errors import SetupError

_POLL_S = 0.05


class Endpoint:
    """One HTTP address.

    Args:
        host: the address listened on; all interfaces are asked by loopback.
        port: its port.
    """

    def __init__(self, host: str, port: int) -> None:
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host
        self.url = f"http://{shown}:{port}"

    def await_ready(self, *, require_alive: Callable[[], None], deadline_s: float) -> None:
        """Ask `/readyz` until it says yes.

        Raises:
            SetupError: it does not by `deadline_s`, or the node ended; says what is missing.
        """
        lacking = "no gateway answers"
        with httpx.Client(base_url=self.url, timeout=5.0, trust_env=False) as client:
            while time.monotonic() < deadline_s:
                require_alive()
                try:
                    answer = client.get("/readyz")
                    if answer.status_code == 200:
                        return
                    lacking = answer.text
                except httpx.TransportError as exc:
                    lacking = f"no gateway answers ({exc})"
                time.sleep(_POLL_S)
        raise SetupError(f"the start took too long (`start_timeout_s`): {lacking}")

    def example(self, model: str, *, asks_for_key: bool = False) -> str:
        """A command that asks `model` a question, with its caller's key where one is needed."""
        key = ' -H "authorization: Bearer $ORCHESTRATOR_API_KEY"' if asks_for_key else ""
        body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
        return (
            f"curl {self.url}/v1/chat/completions -H 'content-type: application/json'"
            f"{key} -d '{json.dumps(body)}'"
        )
