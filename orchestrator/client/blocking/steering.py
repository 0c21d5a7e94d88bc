# Made of asynchronous/steering.py by `python orchestrator/client/twin.py`: edit that one.
"""What operators may ask a service: what its slots do, and to do otherwise."""

from __future__ import annotations

from typing import Any

from orchestrator.client.blocking.connections import Connection
from orchestrator.client.blocking.judgements import FeedbackAdmin
from orchestrator.client.blocking.keys import KeysAdmin
from orchestrator.client.blocking.registry import RegistryClient
from orchestrator.client.blocking.usage import UsageAdmin
from orchestrator.client.calls import decisions_call
from orchestrator.client.decisions import DecisionList
from orchestrator.client.placement import Placement, placement_call
from orchestrator.client.residency import residency_call, wish_call
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.restart import RestartState, restart_call


class Steering:
    """The part of `Client` that is for operators."""

    def __init__(self, to: Connection) -> None:
        self._to = to
        #: What is served, and edits of it.
        self.registry = RegistryClient._of(to)
        #: Keys of callers.
        self.keys = KeysAdmin(to)
        #: What was used, by whom.
        self.usage = UsageAdmin(to)
        #: What callers said of answers.
        self.judgements = FeedbackAdmin(to)

    def decisions(self, *, limit: int = 100) -> tuple[dict[str, Any], ...]:
        """The newest decision records, newest first, as the service tells them; without words.

        Args:
            limit: most records, up to 1000.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            client.chat("What is the capital of Kenya?")
            newest, *_ = client.decisions(limit=10)
            print(newest["model"])  # auto
            ```
        """
        return self._to.ask(DecisionList, decisions_call(limit=limit)).data

    def residency(self) -> Residency:
        """What every slot does and why; for callers on the service's machine, or with an admin key.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            for slot in client.residency().slots:
                print(slot.name, slot.state)
            ```
        """
        return self._to.ask(Residency, residency_call())

    def restart(self, part: str | None = None) -> RestartState:
        """Have processes replaced one by one.

        Args:
            part: `gateways`, `workers` or the name of a slot; `None` asks how far the last one is.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            state = client.restart("gateways")
            while state.is_under_way:
                state = client.restart()
            print(state.error)  # None
            ```
        """
        return self._to.ask(RestartState, restart_call(part))

    def placement(self, *, carry_out: bool = False) -> Placement:
        """Where experts are at home and could be.

        Args:
            carry_out: move what is worth it.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            found = client.placement()
            print(found.is_worth, found.why)
            ```
        """
        return self._to.ask(Placement, placement_call(carry_out=carry_out))

    def load(
        self,
        expert: str,
        *,
        slot: str | None = None,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> Steered:
        """Make an expert resident, at one slot, or where it is at home, or wherever it is hosted.

        Args:
            expert: its id.
            slot: where; left to the service by default.
            wait: return when it is done, not when it is begun. An engine may have to start first.
            timeout_s: longest silence of the service meanwhile, seconds; the client's by default.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.

        Example:
            ```python
            steered = client.load("capitals", timeout_s=600)
            print([(one.slot, one.outcome) for one in steered.slots])
            ```
        """
        call = wish_call("load", expert, slot=slot, wait=wait, timeout_s=timeout_s)
        return self._to.ask(Steered, call)

    def unload(
        self,
        expert: str,
        *,
        slot: str | None = None,
        wait: bool = True,
        timeout_s: float | None = None,
    ) -> Steered:
        """Have an expert's engine step down once nobody waits for it; see `load`.

        Example:
            ```python
            steered = client.unload("capitals")
            print(steered.wish)  # unload
            ```
        """
        call = wish_call("unload", expert, slot=slot, wait=wait, timeout_s=timeout_s)
        return self._to.ask(Steered, call)

    def pin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert where it is once it is resident; see `load`.

        Example:
            ```python
            steered = client.pin("capitals")
            print(steered.expert, steered.wish)  # capitals pin
            ```
        """
        return self._to.ask(Steered, wish_call("pin", expert, slot=slot))

    def unpin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert no longer; see `load`.

        Example:
            ```python
            steered = client.unpin("capitals")
            print(steered.wish)  # unpin
            ```
        """
        return self._to.ask(Steered, wish_call("unpin", expert, slot=slot))
