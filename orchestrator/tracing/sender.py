"""Sends spans that a process hands over: `python -m orchestrator.tracing.sender otlp_proto_http`.

It ends when that process does, however that ended.
"""

from __future__ import annotations

import signal
import sys
from typing import BinaryIO

from orchestrator.tracing.beside import LENGTH_BYTES
from orchestrator.tracing.carried import unpacked
from orchestrator.tracing.exporting import TRACES, exporters_of


def send_all(source: BinaryIO, names: list[str]) -> None:
    """Send every batch of `source` until it ends.

    Raises:
        LookupError: no package offers an exporter of one of the names.
    """
    exporters = list(exporters_of(TRACES, tuple(names)))
    while len(head := source.read(LENGTH_BYTES)) == LENGTH_BYTES:
        length = int.from_bytes(head)
        content = source.read(length)
        if len(content) < length:
            break  # its process was killed as it wrote
        spans = unpacked(content)
        for exporter in exporters:
            exporter.export(spans)
    for exporter in exporters:
        exporter.shutdown()


def main() -> int:
    """Command line of the sender."""
    for name in (signal.SIGINT, signal.SIGTERM):  # told to the whole group: the rest is sent first
        signal.signal(name, signal.SIG_IGN)
    send_all(sys.stdin.buffer, sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
