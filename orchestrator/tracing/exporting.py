"""Who records spans, by the variables that every program with OpenTelemetry knows.

The kit that records and exports comes with the extra `tracing`; the service runs without it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any
from uuid import uuid4

import orchestrator
from orchestrator.tracing.tracing import Tracing

_LOG = logging.getLogger(__name__)

#: Of the service, where operators name none.
NAME = "orchestrator"
#: Where packages offer exporters of spans.
TRACES = "opentelemetry_traces_exporter"
#: Where OTLP is spoken, by the names of its variants in `TRACES`.
_BY_PROTOCOL = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def tracing_of(environment: Mapping[str, str], *, role: str = NAME) -> Tracing:
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
    has_endpoint = any(environment.get(name) for name in _ENDPOINTS)
    return named_exporters(environment, signal="TRACES", silent="otlp" if has_endpoint else "")


def named_exporters(
    environment: Mapping[str, str], *, signal: str, silent: str = ""
) -> tuple[str, ...]:
    """The exporters of one signal, as their packages call them.

    Args:
        environment: variables of this process.
        signal: `TRACES` or `LOGS`.
        silent: what is meant where nothing is said.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    told = environment.get(f"OTEL_{signal}_EXPORTER", "").strip() or silent
    names = [name.strip() for name in told.split(",")]
    return tuple(_exact(name, environment, signal) for name in names if name and name != "none")


def _exact(name: str, environment: Mapping[str, str], signal: str) -> str:
    if name != "otlp":
        return name
    protocol = (
        environment.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL")
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
        ours["service.name"] = NAME
    return {name: value for name, value in ours.items() if f"{name}=" not in told}


def _exporting(names: tuple[str, ...], environment: Mapping[str, str], *, role: str) -> Tracing:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from orchestrator.tracing.beside import BesideExporter
    from orchestrator.tracing.recording import LeanSource

    for name in names:
        _offered(TRACES, name)
    provider = TracerProvider(resource=Resource.create(resource_of(environment, role=role)))
    processor = BatchSpanProcessor(BesideExporter(names))
    provider.add_span_processor(processor)  # which it ends with the process
    _LOG.info("traces go to %s", ", ".join(names))
    scope = InstrumentationScope(NAME, orchestrator.__version__)
    return Tracing(LeanSource(provider, processor, scope=scope))


def exporters_of(group: str, names: tuple[str, ...]) -> Iterator[Any]:
    """Build exporters that packages here offer.

    Raises:
        LookupError: no package offers one of that name.
    """
    for name in names:
        yield _offered(group, name).load()()


def _offered(group: str, name: str) -> EntryPoint:
    found = entry_points(group=group, name=name)
    if not found:
        known = sorted(entry_points(group=group).names)
        raise LookupError(f"no package here exports to {name!r}; known: {known}")
    return next(iter(found))
