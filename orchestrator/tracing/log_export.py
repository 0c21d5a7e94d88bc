"""Sends log lines where spans go, for who collects both by OpenTelemetry; the file stays."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

import orchestrator
from orchestrator.events.telling import EventLine, ids
from orchestrator.guards.redaction import Redaction
from orchestrator.tracing.exporting import NAME, exporters_of, named_exporters, resource_of

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider

_LOG = logging.getLogger(__name__)

_GROUP = "opentelemetry_logs_exporter"
_HANDLER = "lines for OpenTelemetry"
#: Who speaks while lines are sent: sent themselves, they would never end.
_SENDERS = ("opentelemetry", "urllib3", "requests", "grpc")
_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
    (logging.NOTSET, SeverityNumber.DEBUG),
)


class OtelLines(logging.Handler):
    """Passes each line on: an event by its name with its fields, anything else as its words.

    Args:
        provider: of OpenTelemetry's kit, with its exporters.
        redaction: blots secrets out, as in the file.
    """

    def __init__(self, provider: LoggerProvider, redaction: Redaction) -> None:
        super().__init__()
        self.name = _HANDLER
        self._provider = provider
        self._redacted = redaction
        self._logger = provider.get_logger(NAME, orchestrator.__version__)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        if record.name.startswith(_SENDERS):
            return
        message = self._redacted(record.getMessage())
        is_event = isinstance(record.args, tuple) and isinstance((*record.args, None)[0], EventLine)
        fields: dict[str, Any] = orjson.loads(message) if is_event else dict(ids())
        self._logger.emit(
            LogRecord(
                timestamp=int(record.created * 1e9),
                context=_context(fields.get("trace_id")),
                severity_text=record.levelname,
                severity_number=next(s for least, s in _SEVERITIES if record.levelno >= least),
                body=fields["action"] if is_event else message,
                event_name=fields["action"] if is_event else None,
                attributes={"logger": record.name, **_attributes(fields)} | self._thrown(record),
            )
        )

    def _thrown(self, record: logging.LogRecord) -> dict[str, str]:
        if not record.exc_info:
            return {}
        told = logging.Formatter().formatException(record.exc_info)
        return {"exception.stacktrace": self._redacted(told)}

    def close(self) -> None:
        """Send what is held."""
        self._provider.shutdown()
        super().close()


def send_lines(root: logging.Logger, environment: Mapping[str, str], *, role: str) -> None:
    """Have lines sent where `OTEL_LOGS_EXPORTER` names exporters; once, and nothing by default.

    Args:
        root: the logger above all others.
        environment: variables of this process.
        role: see `exporting.tracing_of`.
    """
    names = named_exporters(environment, signal="LOGS")
    if not names or any(handler.name == _HANDLER for handler in root.handlers):
        return
    try:
        root.addHandler(_handler(names, environment, role=role))
    except (ImportError, LookupError, ValueError) as exc:
        _LOG.warning(
            "no lines are sent: %s; asked for %s: install the extra 'tracing', or leave out "
            "OTEL_LOGS_EXPORTER",
            exc,
            names,
        )


def _handler(names: tuple[str, ...], environment: Mapping[str, str], *, role: str) -> OtelLines:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(resource=Resource.create(resource_of(environment, role=role)))
    for exporter in exporters_of(_GROUP, names):
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return OtelLines(provider, Redaction.of(environment))


def _context(trace_id: object) -> Context:
    """Of a trace; of which of its spans a line is, the line does not say."""
    if not isinstance(trace_id, str):
        return Context()
    known = SpanContext(trace_id=int(trace_id, 16), span_id=0, is_remote=False)
    return set_span_in_context(NonRecordingSpan(known), Context())


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that are known; those with parts of their own as JSON."""
    return {
        name: value if isinstance(value, str | int | float | bool) else orjson.dumps(value).decode()
        for name, value in fields.items()
        if value is not None and name != "action"
    }
