"""The process of one slot: `python -m orchestrator.local.slot_program DESCRIPTOR`.

A slot has a process of its own, as it has in the service: engines of two slots see different
accelerators, vLLM's 13 s of imports hold up nobody, Ctrl-C reaches only who was meant, and nothing
outlives who started it. Its keeper (`service/keeper.py`) is the parent of all its engines.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

from orchestrator.service.keeper import Keeper, die_with_parent
from orchestrator.service.log_lines import write_lines

#: An end that takes longer is no orderly one, seconds.
_GRACE_S = 20.0


def main() -> None:
    """Keep the slot's process until it ends, which it does when its socket is hung up."""
    end = socket.socket(fileno=int(sys.argv[1]))
    die_with_parent(signal.SIGTERM)
    # Nobody would hear what a keeper says.
    code = Keeper(grace_s=_GRACE_S, say=lambda _: None).keep(lambda: _run(end))
    sys.exit(code)


def _run(end: socket.socket) -> int:
    write_lines(logging.getLogger(), None)
    asyncio.run(_serve(end))
    return 0


async def _serve(end: socket.socket) -> None:
    # Here, since the keeper needs none of it.
    from orchestrator.local.slot_server import SlotServer
    from orchestrator.local.wire import Wire
    from orchestrator.service.slot_worker import SlotWorker

    loop = asyncio.get_running_loop()
    serving = asyncio.current_task()
    assert serving is not None, "asyncio.run makes one"
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, serving.cancel)
    wire = await Wire.over(end)
    worker = SlotWorker(await wire.receive())
    try:
        await SlotServer(worker, wire).serve()
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("process %d was told to end", os.getpid())
    finally:
        await worker.close()


if __name__ == "__main__":
    main()
