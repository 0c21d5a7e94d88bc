"""Keep Serve's replicas to loopback.

`ray start --node-ip-address=127.0.0.1` keeps Ray's own servers there, but a Serve replica opens
its port for calls from other deployments on `[::]`, by a constant. One host is all that a service
spans which is started by `orchestrator serve`, so there the constant is replaced before the
replica opens the port: each deployment calls this in its constructor.
"""

from __future__ import annotations

from typing import Any

from ray.serve._private import replica

from orchestrator.errors import SetupError

_ANY = "[::]:"
_NAME = "add_port_to_grpc_server"


def keep_to_loopback() -> None:
    """Make this process's replica listen on 127.0.0.1 where it would on all interfaces.

    Raises:
        SetupError: Ray no longer opens that port as this module knows it.
    """
    opens = getattr(replica, _NAME, None)
    if opens is None:
        raise SetupError(f"ray.serve no longer has `{_NAME}`: its replicas may listen anywhere")
    if getattr(opens, "is_private", False):
        return

    def open_privately(server: Any, address: str) -> int:
        return int(opens(server, address.replace(_ANY, "127.0.0.1:", 1)))

    open_privately.is_private = True  # type: ignore[attr-defined]
    setattr(replica, _NAME, open_privately)
