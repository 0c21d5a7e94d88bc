"""Canaries: secrets and prompts are planted everywhere, much fails, and nothing tells them."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import pytest
from aiohttp import web
from prometheus_client import REGISTRY, generate_latest

from orchestrator.engines.openai import OpenAIEngine
from orchestrator.errors import OrchestratorError, SetupError
from orchestrator.events.lines import JsonLines
from orchestrator.guards.redaction import Redaction
from orchestrator.registry.engine_entry import OpenAIEngine as OpenAISpec
from orchestrator.registry.models import Expert
from orchestrator.service.conductor import ConductorPlan
from orchestrator.service.gateway import GatewayPlan
from orchestrator.service.settings import read
from orchestrator.service.sites import Cluster
from orchestrator.store.link import RedisLink
from tests.integration.engines.upstream import serving
from tests.served import Service
from tests.traces import Recorder

pytestmark = pytest.mark.integration

UPSTREAM_KEY = "canary-of-the-upstream-51c8"
PRESENTED = "sk-canary-of-the-caller-77aa"
PASSWORD = "canary-of-the-store-90fe"
PROMPT = "canary-of-the-prompt-2b1d"
SECRETS = (UPSTREAM_KEY, PRESENTED, PASSWORD)

#: What the upstream answers with, by the model's last word; each repeats all it was sent.
STATUSES = (400, 401, 404, 413, 429, 500, 503, 418)
WAYS = (
    *map(str, STATUSES),
    "text",
    "no-json",
    "no-choices",
    "long",
    "event",
    "broken-event",
    "cut",
)


async def leaky(request: web.Request) -> web.StreamResponse:
    """An upstream that repeats key and body in whatever goes wrong."""
    body = orjson.loads(await request.read())
    said = f"{request.headers['authorization']} {orjson.dumps(body).decode()}"
    way = body.get("user") or way_of(body)
    if way.isdigit():
        return web.json_response({"error": {"message": said, "code": said}}, status=int(way))
    match way:
        case "text":
            return web.Response(text=said, status=500)
        case "no-json":
            return web.Response(text=said)
        case "no-choices":
            return web.json_response({"said": said, "usage": said})
        case "long":
            return web.Response(text="x" * (200 - len("Bearer ") - 12) + said)
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    error = orjson.dumps({"error": {"message": said, "type": said}})
    await response.write(b"data: " + (error if way == "event" else said.encode()) + b"\n\n")
    return response


def way_of(body: dict) -> str:
    text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
    return text.rsplit(" ", 1)[-1]


@contextmanager
def logged() -> Iterator[list[io.StringIO]]:
    """All that is logged, in words with tracebacks, and as the service's lines."""
    words, lines = logging.StreamHandler(io.StringIO()), logging.StreamHandler(io.StringIO())
    lines.setFormatter(JsonLines(Redaction(SECRETS)))
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    for handler in (words, lines):
        root.addHandler(handler)
    try:
        yield [words.stream, lines.stream]
    finally:
        root.setLevel(before)
        for handler in (words, lines):
            root.removeHandler(handler)


def asked(way: str, *, is_streamed: bool) -> list[tuple[str, dict]]:
    """A request to each endpoint that generates."""
    text, common = f"{PROMPT} {way}", {"model": "math", "stream": is_streamed}
    return [
        ("/v1/chat/completions", common | {"messages": [{"role": "user", "content": text}]}),
        ("/v1/completions", common | {"prompt": text}),
        ("/v1/responses", common | {"input": text}),
    ]


async def test_nothing_that_fails_tells_a_secret_or_logs_a_prompt():
    recorder, told, num_failed = Recorder(), [], 0
    with logged() as logs:
        async with serving(leaky) as url:
            spec = OpenAISpec(kind="openai", base_url=url, model="m")
            engine = OpenAIEngine(Expert(id="math", engine=spec), api_key=UPSTREAM_KEY)
            service = Service(engine=engine, tracing=recorder.tracing())
            async with service.client() as client:
                client.headers["authorization"] = f"Bearer {PRESENTED}"
                for way in WAYS:
                    for is_streamed in (False, True):
                        for path, body in asked(way, is_streamed=is_streamed):
                            answer = await client.post(path, json=body)
                            num_failed += answer.status_code >= 400 or "error" in answer.text
                            told.append(f"{answer.text} {answer.headers}")
                wrong = await client.post("/v1/chat/completions", json={"model": PRESENTED})
                told.append(f"{wrong.text} {wrong.headers}")
                records = await service.records.recent(limit=1000)
            told.append(f"{engine!r} {service!r} {spec!r}")
            await engine.close()

    kept = [
        *(log.getvalue() for log in logs),
        *(f"{span.name} {span.attributes} {span.status}" for span in recorder.spans),
        *(repr(record) for record in records),
        generate_latest(REGISTRY).decode(),
    ]
    assert num_failed == len(told) - 2 == 6 * len(WAYS)
    assert len(records) >= 6 * len(WAYS)
    assert found(UPSTREAM_KEY, [*told, *kept]) == []
    assert found(PRESENTED, kept) == []
    assert found(PROMPT, kept) == []


def found(secret: str, texts: list[str]) -> list[str]:
    """Where a secret, or as much of it as could be guessed from, is told."""
    mark = secret[: len("canary-of-the-ups")]
    return [text[max(0, text.find(mark) - 200) :][:400] for text in texts if mark in text]


async def ping(url: str) -> None:
    link = RedisLink(url, timeout_s=0.5)
    try:
        with link.doing("be asked"):
            await link.client.ping()
    finally:
        await link.close()


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{PASSWORD}@127.0.0.1:1/0",
        f"redis://user:a/{PASSWORD}@127.0.0.1:1/0",
        f"redis://user:{PASSWORD}#x@127.0.0.1:1/0",
        f"nonsense://:{PASSWORD}@h",
        f"redis://127.0.0.1:1/0?password={PASSWORD}",
    ],
)
async def test_no_error_of_the_store_tells_its_password(url):
    with pytest.raises(OrchestratorError) as told:
        await ping(url)

    assert PASSWORD not in f"{told.value!r} {told.value.message}"


def test_no_plan_and_no_setting_shows_a_password():
    url = f"redis://:{PASSWORD}@h:1/0"
    settings = read({"ORCHESTRATOR_STORE_URL": url, "ORCHESTRATOR_STORAGE_URL": url})
    plans = (
        GatewayPlan(api=None, store_url=url, storage_url=url),
        ConductorPlan(
            registry=None, store_url=url, metrics_dir=None, run_workers=None, site=Cluster()
        ),
    )

    assert PASSWORD not in f"{settings!r} {settings} {plans!r}"


def test_a_setting_that_is_refused_is_not_shown_where_it_may_hold_a_password():
    with pytest.raises(SetupError) as told:
        read({}, store_url=[f"redis://:{PASSWORD}@h"])

    assert PASSWORD not in told.value.message


def test_the_last_line_of_defence_blots_out_what_a_library_logs():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines(Redaction(SECRETS)))
    log = logging.Logger("of-a-library")
    log.addHandler(handler)

    try:
        raise ValueError(f"cannot use {UPSTREAM_KEY}")
    except ValueError:
        log.exception("at redis://:%s@h with %s", PASSWORD, {"authorization": PRESENTED})

    assert set(json.loads(written.getvalue())) >= {"message", "traceback"}
    assert found(UPSTREAM_KEY, [written.getvalue()]) == []
    assert found(PRESENTED, [written.getvalue()]) == []
    assert PASSWORD not in written.getvalue()
