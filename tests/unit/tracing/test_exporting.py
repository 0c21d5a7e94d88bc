"""Who records spans, by the environment."""

import logging

import pytest

from orchestrator.tracing.exporting import exporter_names, tracing_of

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, ()),
        ({"OTEL_TRACES_EXPORTER": "none", **ENDPOINT}, ()),
        ({"OTEL_SDK_DISABLED": "TRUE", **ENDPOINT}, ()),
        (ENDPOINT, ("otlp_proto_http",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x/v1/traces"}, ("otlp_proto_http",)),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ("otlp_proto_http",)),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ("otlp_proto_grpc",)),
        (
            {
                **ENDPOINT,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            ("otlp_proto_http",),
        ),
        ({"OTEL_TRACES_EXPORTER": " console, otlp "}, ("console", "otlp_proto_http")),
    ],
    ids=[
        "nothing said", "none", "disabled", "an endpoint", "one of traces", "by name", "grpc",
        "of traces before all", "two",
    ],
)  # fmt: skip
def test_exporters_are_those_that_the_environment_names(environment, names):
    assert exporter_names(environment) == names


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "pigeon"}, "no package here exports to 'pigeon'; known: "),
        (
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/xml"},
            "no package here exports to \"otlp over 'http/xml'\"",
        ),
    ],
    ids=["unknown", "unknown protocol"],
)
def test_what_cannot_be_had_is_told_and_the_service_runs_without(environment, told, caplog):
    with caplog.at_level(logging.WARNING):
        tracing = tracing_of(environment)

    assert not tracing.begun("a", {}, created_s=1.0).is_recorded
    assert told in caplog.text
    assert "install the extra 'tracing'" in caplog.text
