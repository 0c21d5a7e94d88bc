"""Whether log lines are sent, by the environment."""

import logging

import pytest

from orchestrator.tracing.log_export import send_lines

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "environment",
    [{}, ENDPOINT, {"OTEL_LOGS_EXPORTER": "none"}, {"OTEL_LOGS_EXPORTER": " , "}],
    ids=["nothing said", "an endpoint alone", "none", "no name"],
)
def test_nothing_is_sent_unless_exporters_of_lines_are_named(environment):
    root = logging.RootLogger(logging.INFO)

    send_lines(root, environment, role="gateway")

    assert root.handlers == []


def test_what_no_package_offers_is_told_and_the_process_goes_on(caplog):
    root = logging.RootLogger(logging.INFO)

    send_lines(root, {"OTEL_LOGS_EXPORTER": "smoke-signals"}, role="gateway")

    assert root.handlers == []
    assert "no package here exports to 'smoke-signals'" in caplog.text
