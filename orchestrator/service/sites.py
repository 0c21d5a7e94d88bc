"""Where the deployments run: on the private node of one machine, or on the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.registry.widths import Width
from orchestrator.service.cluster import PRIVATE
from orchestrator.service.layout import Layout
from orchestrator.service.node_exporter import ANYBODY, SCRAPERS
from orchestrator.service.room import Machine

#: What Ray gives its head node, to be named by who wants to be there.
_HEAD = "node:__internal_head__"
#: A crumb of it: as many as like may be there.
_CRUMB = 0.001


class Site(Protocol):
    """What decides where a replica goes, and what it may use there."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What the environment of every replica has."""
        ...

    def control(self) -> dict[str, Any]:
        """Ray's options for what answers, keeps and decides."""
        ...

    def worker(self, width: Width) -> dict[str, Any]:
        """Ray's options for the worker of a slot.

        Args:
            width: what the slot has.
        """
        ...

    def require(self, layout: Layout, *, running: Collection[str]) -> None:
        """See `room.Room.require`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMachine:
    """All on one private node: nobody else's, and nothing of it listens beyond loopback."""

    machine: Machine = field(default_factory=lambda: Machine(accelerators=0))

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Site.variables`."""
        return {PRIVATE: "1"}

    def control(self) -> dict[str, Any]:
        """See `Site.control`."""
        return {"num_cpus": 0}

    def worker(self, width: Width) -> dict[str, Any]:
        """See `Site.worker`: the registry says what fits, not Ray."""
        return {"num_cpus": 0, "num_gpus": width.gpus}

    def require(self, layout: Layout, *, running: Collection[str]) -> None:
        """See `Site.require`."""
        self.machine.require(layout, running=running)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Slots wherever Ray finds what they need; all else on its head node, beside Serve's own."""

    #: SHA-256 of the key that who scrapes a node sends; anybody may where there is none.
    scrapers: str | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """See `Site.variables`."""
        return {SCRAPERS: self.scrapers or ANYBODY}

    def control(self) -> dict[str, Any]:
        """See `Site.control`."""
        return {"num_cpus": 0, "resources": {_HEAD: _CRUMB}}

    def worker(self, width: Width) -> dict[str, Any]:
        """See `Site.worker`."""
        options: dict[str, Any] = {"num_cpus": width.cpus, "num_gpus": width.gpus}
        if width.kind:
            options["accelerator_type"] = width.kind
        if width.labels:
            options["label_selector"] = dict(width.labels)
        return options

    def require(self, layout: Layout, *, running: Collection[str]) -> None:
        """See `Site.require`: a node with room may be on its way."""
