"""What is changed in the configuration that Ray generates for HAProxy."""

import json
from pathlib import Path

import pytest

from orchestrator.service.haproxy import UnknownTemplateError, error_response, rewrite

RAYS = """\
global
    nbthread 4
defaults
    mode http
    option abortonclose
    option splice-request
    errorfile 503 /somewhere/500.http
frontend prometheus
    bind :9101
frontend http_frontend
    bind 127.0.0.1:8000
    use_backend app
listen stats
  bind *:8404
"""
OURS = rewrite(RAYS, errors=Path("/run/ours"), host="10.0.0.5")


@pytest.mark.parametrize("line", ["    bind 127.0.0.1:9101", "  bind 127.0.0.1:8404"])
def test_ports_for_the_machine_alone_listen_on_loopback(line):
    assert line in OURS.splitlines()


def test_only_the_public_listener_gets_the_host_of_the_service():
    assert "    bind 10.0.0.5:8000" in OURS.splitlines()


@pytest.mark.parametrize("status", [400, 408, 413, 500, 502, 503, 504])
def test_every_error_of_haproxy_has_our_file(status):
    assert f"    errorfile {status} /run/ours/{status}.http" in OURS.splitlines()
    assert "/somewhere/" not in OURS


def test_headers_that_would_disable_hanging_up_are_stripped_in_the_public_frontend():
    public = OURS.partition("frontend http_frontend")[2].partition("listen")[0]

    assert "http-request del-header x-request-disconnect-disabled" in public


def test_uploads_alone_are_not_read_ahead_and_only_after_what_clients_sent_is_gone():
    rules = [line.split() for line in OURS.splitlines() if "disconnect-disabled" in line]

    assert [rule[1] for rule in rules] == ["del-header", "set-header"]
    assert rules[1][2:] == [
        *("x-request-disconnect-disabled", "?1", "if", "METH_POST", "{", "path", "/v1/files", "}")
    ]


def test_an_upload_never_takes_the_detour_that_stands_in_for_gateways():
    config = RAYS + (
        "backend app\n"
        "    server one 127.0.0.1:1 check observe layer4\n"
        "    server two 127.0.0.1:2 check\n"
        "    server stand-in 127.0.0.1:3 check backup\n"
        "backend none-yet\n"
        "    server stand-in 127.0.0.1:3 check backup\n"
    )

    lines = rewrite(config, errors=Path("/run/ours")).splitlines()

    rule = "    http-request deny deny_status 503 if METH_POST { path /v1/files }"
    assert [line.removeprefix(rule) for line in lines if line.startswith(rule)] == [
        " !{ srv_is_up(app/one) } !{ srv_is_up(app/two) }",
        "",
    ]


def test_gateways_are_told_whom_haproxy_speaks_for():
    assert "    http-request add-header x-forwarded-for %[src]" in OURS.splitlines()


def test_nothing_is_spliced_because_that_hides_clients_that_hang_up():
    assert "splice" not in OURS
    assert "option abortonclose" in OURS


@pytest.mark.parametrize("missing", ["defaults", "frontend http_frontend"])
def test_a_configuration_without_a_known_section_is_refused(missing):
    with pytest.raises(UnknownTemplateError, match="no place for"):
        rewrite(RAYS.replace(missing, "frontend other"), errors=Path("/run/ours"))


def test_an_error_is_the_envelope_with_its_exact_length():
    head, body = error_response(503).split("\r\n\r\n")

    assert f"Content-Length: {len(body)}" in head
    assert "Retry-After: 2" in head
    assert json.loads(body)["error"]["code"] == "unavailable"
