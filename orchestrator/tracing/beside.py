"""Spans are sent by a process beside this one.

Writing 512 of them for a collector takes this process's only interpreter 20 ms, during which it
answers nobody; handing them over takes 3 ms.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from orchestrator.tracing.carried import packed

_LOG = logging.getLogger(__name__)

#: What the other process has to send the rest when this one ends, seconds.
_END_S = 10.0
#: Bytes of the length before each batch.
LENGTH_BYTES = 4


class BesideExporter(SpanExporter):
    """Hands spans to `orchestrator.tracing.sender`, begun with the first of them.

    A sender that ended is begun anew with the next batch; what it had not sent is lost.

    Args:
        names: exporters, as their packages call them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._sender: subprocess.Popen[bytes] | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See `SpanExporter.export`; called by one thread at a time."""
        content = packed(spans)
        try:
            pipe = self._begun().stdin
            assert pipe is not None, "it was asked for"
            pipe.write(len(content).to_bytes(LENGTH_BYTES) + content)
            pipe.flush()
        except OSError as error:
            _LOG.warning("%d spans are lost: who sends them ended: %s", len(spans), error)
            self.shutdown()
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """See `SpanExporter.shutdown`: waits until what was handed over is sent."""
        sender, self._sender = self._sender, None
        if sender is None:
            return
        assert sender.stdin is not None, "it was asked for"
        with suppress(OSError):
            sender.stdin.close()
        try:
            sender.wait(_END_S)
        except subprocess.TimeoutExpired:
            _LOG.warning("spans are lost: the collector did not take them within %g s", _END_S)
            sender.kill()
            sender.wait()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See `SpanExporter.force_flush`: nothing is held here."""
        return True

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._sender is None:
            argv = [sys.executable, "-m", "orchestrator.tracing.sender", *self._names]
            self._sender = subprocess.Popen(argv, stdin=subprocess.PIPE)  # noqa: S603 - our own module
        return self._sender
