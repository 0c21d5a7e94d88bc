"""Who records spans, by the variables that every program with OpenTelemetry knows.

The kit that records and exports comes with the extra `tracing`; the service runs without it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from uuid import uuid4

import orchestrator
from orchestrator.tracing.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_LOG = logging.getLogger(__name__)

_NAME = "orchestrator"
_GROUP = "opentelemetry_traces_exporter"
#: Where OTLP is spoken, by the names of its variants in `_GROUP`.
_BY_PROTOCOL = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def tracing_of(environment: Mapping[str, str], *, role: str = _NAME) -> Tracing:
    """Tracing as `environment` says; what it asks for and cannot have is told once, in the log.

    Spans are exported where `OTEL_TRACES_EXPORTER` names exporters, or an endpoint of OTLP is
    given, and `OTEL_SDK_DISABLED` is not true. All else is the kit's own: sampler, limits, batches,
    headers, names of the service.

    Args:
        environment: variables of this process.
        role: what the process is for, in its resource's `orchestrator.role`.
    """
    names = exporter_names(environment)
    if not names:
        return Tracing()
    try:
        return _exporting(names, environment, role=role)
    except (ImportError, LookupError, ValueError) as exc:
        _LOG.warning(
            "no traces: %s; asked for %s: install the extra 'tracing', or leave out OTEL_*",
            exc,
            names,
        )
        return Tracing()


def exporter_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The exporters that are asked for, as their packages call them."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    has_endpoint = any(environment.get(name) for name in _ENDPOINTS)
    told = environment.get("OTEL_TRACES_EXPORTER", "").strip() or ("otlp" if has_endpoint else "")
    names = [name.strip() for name in told.split(",")]
    return tuple(_exact(name, environment) for name in names if name and name != "none")


def _exact(name: str, environment: Mapping[str, str]) -> str:
    if name != "otlp":
        return name
    protocol = (
        environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    return _BY_PROTOCOL.get(protocol.strip(), f"otlp over {protocol.strip()!r}")


def resource_of(environment: Mapping[str, str], *, role: str) -> dict[str, str]:
    """What every span and line of this process says of it; what operators name has precedence."""
    told = environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
    ours = {
        "service.version": orchestrator.__version__,
        "service.instance.id": str(uuid4()),
        "orchestrator.role": role,
    }
    if not environment.get("OTEL_SERVICE_NAME"):
        ours["service.name"] = _NAME
    return {name: value for name, value in ours.items() if f"{name}=" not in told}


def _exporting(names: tuple[str, ...], environment: Mapping[str, str], *, role: str) -> Tracing:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create(resource_of(environment, role=role)))
    for exporter in _exporters(names):
        provider.add_span_processor(BatchSpanProcessor(exporter))
    _LOG.info("traces go to %s", ", ".join(names))
    return Tracing(provider.get_tracer(_NAME, orchestrator.__version__))


def _exporters(names: tuple[str, ...]) -> Iterator[SpanExporter]:
    for name in names:
        found = entry_points(group=_GROUP, name=name)
        if not found:
            known = sorted(entry_points(group=_GROUP).names)
            raise LookupError(f"no package here exports to {name!r}; known: {known}")
        yield next(iter(found)).load()()
