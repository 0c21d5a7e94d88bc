"""What is fuzzed: each target takes bytes and may raise nothing but errors of our tree."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple, get_args

from starlette.datastructures import Headers

from bench.mutations import split
from orchestrator.api.chat_writer import ChatWriter
from orchestrator.api.completion_writer import CompletionWriter
from orchestrator.api.faults import parse
from orchestrator.api.limits import limits_of
from orchestrator.api.multipart import FormReader
from orchestrator.api.queries import chat_query
from orchestrator.api.requests import ChatRequest
from orchestrator.api.response_objects import frame_of
from orchestrator.api.response_query import response_query
from orchestrator.api.response_request import ResponseRequest
from orchestrator.api.response_writer import ResponseWriter
from orchestrator.api.wishes import wishes_of
from orchestrator.api.writers import Head, Writer
from orchestrator.batch.batch import BatchFault
from orchestrator.batch.input_lines import LineSplitter
from orchestrator.batch.input_parsing import parse_line
from orchestrator.engines.openai_reading import parse_json, read_answer, read_event
from orchestrator.engines.sse import SseParser
from orchestrator.errors import OrchestratorError
from orchestrator.guards.policy import policy_of, url_fault
from orchestrator.registry.document import decode
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings
from routers.answers import AnswerKind, extract

ROOT = Path(__file__).parents[1]
_HEAD = Head(id="chatcmpl-1", created=1, model="auto", generation=7)
_STRANGERS = policy_of({"public"})
_CHUNK = (
    b'data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"hi \\u00e9",'
    b'"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},'
    b'"logprobs":{"content":[{"token":"hi","logprob":-0.5,"bytes":[104,105],"top_logprobs":[]}]},'
    b'"finish_reason":null}],"usage":null}\n\n'
)
_DONE = b"[DONE]"
_END = (
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
)
_LINE = (
    b'{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"auto",'
    b'"messages":[{"role":"user","content":"hi"}]}}\n'
)
_CHAT = (
    b'{"model":"auto","messages":[{"role":"user","content":[{"type":"text","text":"hi"},'
    b'{"type":"image_url","image_url":{"url":"https://a/b.png"}}]}],"n":2,"stop":["a"],'
    b'"logit_bias":{"1":2},"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],'
    b'"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{}}}}'
)
_RESPONSE = (
    b'{"model":"auto","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},'
    b'{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},'
    b'{"type":"function_call_output","call_id":"c","output":"1"}],"max_output_tokens":5}'
)
_FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
    b"{}\r\n--edge--\r\n"
)
_HEADERS = (
    b"x-orchestrator-max-wait-s: 3.5\nx-orchestrator-priority: -3\nx-orchestrator-order: 12\n"
    b"x-orchestrator-include: tag:demo, license:Apache-2.0\nx-orchestrator-max-price-usd: 1e-3\n"
    b"x-orchestrator-max-calls: 4\nx-orchestrator-fresh: true\nx-orchestrator-max-latency-s: 2\n"
)
_URLS = b"http://user:pass@[::ffff:10.0.0.1]:80/a?b#c\nhttps://0x7f.1/\nhttp://2130706433\n"
_ANSWERS = (
    b"<think>so 2</think> The answer is \\boxed{\\frac{1}{2}}.\n#### 42\nAnswer: (B)",
    b'```json\n{"a": [1, 2]}\n```\nFinal answer: {1, 2, 3} or $x^2$, i.e. 1,000.5 %',
    "Die Antwort: ja. Yes, it's true \u2212 3/4 \u00bd".encode(),
)


class FuzzTarget(NamedTuple):
    """One thing that reads what others wrote."""

    name: str
    #: Sound inputs, of which damaged copies are made.
    seeds: Sequence[bytes]
    #: Reads one input; `Random` is for choices beside it, as where a stream is split.
    run: Callable[[bytes, Random], None]


def _registry(content: bytes, dice: Random) -> None:
    del dice
    checked = check_document(decode(content, file="f"), Surroundings(folder=Path("nowhere")))
    assert (checked.registry is None) == bool(checked.faults), "a registry or faults"


def _batch(content: bytes, dice: Random) -> None:
    splitter = LineSplitter(max_line_bytes=4096)
    found = [one for piece in split(content, dice) for one in splitter.feed(piece)]
    for raw in [*found, *splitter.end()]:
        if not isinstance(raw, BatchFault):
            parse_line(raw)


def _stream(content: bytes, dice: Random) -> None:
    """What an upstream streams, read and spelled for callers of every endpoint."""
    parser, writers = SseParser(), _writers()
    try:
        for piece in split(content, dice):
            for event in parser.feed(piece):
                if event == _DONE:
                    return
                chunk = read_event(parse_json(event))
                for writer in writers:
                    _check_events(writer.events(chunk))
    finally:
        for writer in writers:
            _check_events(writer.end(None))


def _answer(content: bytes, dice: Random) -> None:
    del dice
    chunk = read_answer(parse_json(content), num_choices=1)
    for writer in _writers():
        _check_events(writer.events(chunk) + writer.end(None))


def _writers() -> tuple[Writer, ...]:
    asked = ResponseRequest(model="auto", input="hi")
    return (
        ChatWriter(_HEAD, has_usage=True),
        CompletionWriter(_HEAD, has_usage=True),
        ResponseWriter(frame_of(_HEAD, asked), call_id="1"),
    )


def _check_events(written: bytes) -> None:
    """What is written is what clients read: whole events of JSON."""
    assert not written or written.endswith(b"\n\n"), "events have ends"
    for event in SseParser().feed(written):
        assert event == _DONE or isinstance(json.loads(event), dict), "events are objects"


def _extracted(content: bytes, dice: Random) -> None:
    del dice
    text = content.decode("utf-8", "replace")
    for kind in get_args(AnswerKind):
        found = extract(text, kind)
        assert found is None or isinstance(found, str), "an answer is a text"


def _headers(content: bytes, dice: Random) -> None:
    del dice
    pairs = [line.partition(b": ") for line in content.split(b"\n")]
    headers = Headers(raw=[(name.lower(), value) for name, _, value in pairs])
    limits_of(headers)
    wishes_of(headers)


def _form(content: bytes, dice: Random) -> None:
    reader = FormReader("multipart/form-data; boundary=edge")
    for piece in split(content, dice):
        reader.feed(piece)
    reader.end()


def _chat(content: bytes, dice: Random) -> None:
    del dice
    chat_query(parse(ChatRequest, content), call_id="1")


def _response(content: bytes, dice: Random) -> None:
    del dice
    response_query(parse(ResponseRequest, content), call_id="1")


def _urls(content: bytes, dice: Random) -> None:
    del dice
    for url in content.decode("utf-8", "replace").split("\n"):
        url_fault(url, _STRANGERS)


def _registries() -> list[bytes]:
    """Real files, as much of them as is checked in some ms."""
    files = [ROOT / "experts.yaml", *sorted((ROOT / "deploy" / "registries").glob("*.yaml"))]
    return [file.read_bytes()[:2500].rpartition(b"\n")[0] for file in files]


def targets() -> tuple[FuzzTarget, ...]:
    """All of them."""
    stream = _CHUNK * 2 + _END
    answer = _CHUNK.removeprefix(b"data: ").replace(b'"delta"', b'"message"')
    whole = answer.replace(b'"finish_reason":null', b'"finish_reason":"stop"').strip()
    return (
        FuzzTarget("registry loader", _registries(), _registry),
        FuzzTarget("batch line parser", [_LINE * 3], _batch),
        FuzzTarget("SSE reader and writers", [stream], _stream),
        FuzzTarget("whole answers of upstreams", [whole], _answer),
        FuzzTarget("answer extractors", _ANSWERS, _extracted),
        FuzzTarget("headers of requests", [_HEADERS], _headers),
        FuzzTarget("forms of uploads", [_FORM], _form),
        FuzzTarget("bodies of chats", [_CHAT], _chat),
        FuzzTarget("bodies of responses", [_RESPONSE], _response),
        FuzzTarget("URLs of images", [_URLS], _urls),
    )


def tried(target: FuzzTarget, content: bytes, dice: Random) -> None:
    """Run a target; errors of our tree are what it is for."""
    try:
        target.run(content, dice)
    except OrchestratorError:
        return
