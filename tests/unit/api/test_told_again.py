"""Answers told again through the endpoint: as they were, only where they answer, and said so."""

import asyncio
import json

import pytest

from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.caching.settings import CacheSettings
from orchestrator.engines.base import ToolCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from orchestrator.store.memory_answers import MemoryAnswers
from tests.served import Service, events, programs_of

CHAT = "/v1/chat/completions"
HEADER = "x-orchestrator-cache"
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def service(engine: FakeEngine | None = None, *, mode: str = "deterministic", **more) -> Service:
    settings = CacheSettings(mode=mode, **more)
    cache = AnswerCache(MemoryAnswers(), settings)
    return Service(engine=engine or FakeEngine("one two three"), answers=cache)


def plain(response) -> dict:
    """The body without what each answer has of its own."""
    body = response.json()
    return {name: value for name, value in body.items() if name not in ("id", "created")}


def chunks(response) -> list[dict]:
    return [json.loads(one) for one in events(response) if one != "[DONE]"]


def said(response) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for chunk in chunks(response)
        for choice in chunk["choices"]
    )


async def test_a_repeat_is_told_the_answer_that_was_given_and_nobody_is_asked():
    asked = service()

    first = await asked.chat(temperature=0)
    again = await asked.chat(temperature=0)

    assert plain(again) == plain(first)
    assert again.json()["id"] != first.json()["id"]
    assert [one.headers[HEADER].split(";")[0] for one in (first, again)] == ["miss", "hit"]
    assert again.headers[HEADER] == "hit; kind=exact; age_s=0"
    assert len(asked.engine.calls) == 1


async def test_a_hit_costs_nothing_and_leaves_a_record():
    asked = service()
    await asked.chat(model="math", temperature=0)
    hit = await asked.chat(model="math", temperature=0)
    record = await asked.last_record()

    assert float(hit.headers["x-orchestrator-cost-usd"]) == 0
    assert hit.headers["x-orchestrator-expert"] == "math"
    assert (record.cached, record.expert, record.status) == ("exact", "math", 200)
    assert (record.prompt_tokens, record.completion_tokens, record.cost_usd) == (0, 0, 0)
    assert hit.json()["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize("was_streamed", [False, True], ids=["whole first", "stream first"])
async def test_a_stream_is_told_again_as_a_sound_stream(was_streamed):
    asked = service()
    options = {"include_usage": True}
    first = await asked.chat(
        temperature=0, **({"stream": True, "stream_options": options} if was_streamed else {})
    )
    again = await asked.chat(temperature=0, stream=True, stream_options=options)
    whole = await asked.chat(temperature=0)

    assert again.headers[HEADER].startswith("hit")
    assert again.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert events(again)[-1] == "[DONE]"
    *told, last = chunks(again)
    assert said(again) == whole.json()["choices"][0]["message"]["content"] == "one two three"
    assert told[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [one["choices"][0]["finish_reason"] for one in told][-1] == "stop"
    assert (last["choices"], last["usage"]) == ([], whole.json()["usage"])
    assert {one["id"] for one in chunks(again)} != {first.headers["x-orchestrator-request-id"]}
    assert len({one["id"] for one in chunks(again)}) == 1


async def test_a_stream_without_usage_has_none_when_it_is_told_again():
    asked = service()
    await asked.chat(temperature=0)
    again = await asked.chat(temperature=0, stream=True)

    assert all("usage" not in chunk for chunk in chunks(again))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_choices_log_probabilities_and_tool_calls_are_told_again(stream):
    asked = service(FakeEngine('{"a": 1}'))
    body = {
        "model": "math", "temperature": 0, "n": 2, "logprobs": True, "top_logprobs": 2,
        "stream": stream,
    }  # fmt: skip
    first, again = await asked.chat(**body), await asked.chat(**body)

    assert again.headers[HEADER].startswith("hit")
    if not stream:
        assert plain(again) == plain(first)
        assert again.json()["choices"][1]["logprobs"]["content"]
    else:
        assert told_by_choice(again) == told_by_choice(first)


def told_by_choice(response) -> dict[int, tuple]:
    """Text, log-probabilities and reasons of each choice, however they were cut into chunks."""
    found: dict[int, list] = {}
    for chunk in chunks(response):
        for choice in chunk["choices"]:
            text, logprobs, reasons = found.setdefault(choice["index"], ["", [], []])
            text += choice["delta"].get("content") or ""
            logprobs += (choice["logprobs"] or {}).get("content") or []
            reasons += [choice["finish_reason"]] if choice["finish_reason"] else []
            found[choice["index"]] = [text, logprobs, reasons]
    return {index: tuple(map(str, told)) for index, told in found.items()}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", {"model": "math", "prompt": "1+1=", "temperature": 0, "logprobs": 1}),
        ("/v1/responses", {"model": "math", "input": "1+1?", "temperature": 0}),
    ],
)
async def test_other_endpoints_tell_answers_again_in_their_own_form(path, body):
    asked = service()
    await asked.post(path, **body)
    again = await asked.post(path, **body)
    stream = await asked.post(path, **body, stream=True)

    assert again.headers[HEADER].startswith("hit")
    assert "one two three" in again.text
    assert stream.headers[HEADER].startswith("hit")
    assert "response.completed" in stream.text or "[DONE]" in stream.text
    assert len(asked.engine.calls) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0, "seed": 1}, {"temperature": 0, "max_tokens": 9},
        {"temperature": 0, "model": "painter"}, {"temperature": 0, "text": "1+2?"},
        {"temperature": 0, "stop": "x"}, {"temperature": 0, "tools": [WEATHER]},
        {"temperature": 0, "response_format": {"type": "json_object"}},
        {"temperature": 0, "headers": {"authorization": "Bearer bob"}},
        {"temperature": 0, "headers": {"x-orchestrator-exclude": "expert:plain"}},
    ],
    ids=",".join,
)  # fmt: skip
async def test_what_asks_for_something_else_is_asked(change):
    asked = service(FakeEngine('{"a": 1}'))
    await asked.chat("1+1?", model="math", temperature=0)
    text = change.pop("text", "1+1?")
    other = await asked.chat(text, **({"model": "math"} | change))

    assert (other.status_code, other.headers[HEADER]) == (200, "miss")
    assert len(asked.engine.calls) == 2


async def test_another_generation_never_tells_an_answer_of_this_one():
    engine = FakeEngine()
    current = {"programs": programs_of(engine, generation=7)}
    asked = service(engine)
    asked.live = lambda: current["programs"]
    await asked.chat(temperature=0)
    current["programs"] = programs_of(engine, generation=8)
    after = await asked.chat(temperature=0)

    assert after.headers[HEADER] == "miss"
    assert len(engine.calls) == 2


@pytest.mark.parametrize(
    ("mode", "headers", "sampling", "told"),
    [
        ("deterministic", {}, {"temperature": 0}, "hit"),
        ("deterministic", {}, {"seed": 4}, "hit"),
        ("deterministic", {}, {}, "bypass"),
        ("deterministic", {}, {"temperature": 1}, "bypass"),
        ("deterministic", {HEADER: "on"}, {"temperature": 1}, "hit"),
        ("all", {}, {"temperature": 1}, "hit"),
        ("all", {"x-orchestrator-fresh": "true"}, {}, "bypass"),
        ("all", {"cache-control": "no-cache"}, {}, "bypass"),
        ("all", {"cache-control": "max-age=0, No-Store"}, {}, "bypass"),
        ("all", {HEADER: "off"}, {}, "bypass"),
    ],
)
async def test_who_decides_whether_an_answer_is_told_again(mode, headers, sampling, told):
    asked = service(mode=mode)
    for _ in range(2):
        last = await asked.chat(headers=headers, **sampling)

    assert last.headers[HEADER].split(";")[0] == told
    assert len(asked.engine.calls) == (1 if told == "hit" else 2)


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [("x-orchestrator-fresh", True), ("cache-control", True), (HEADER, False)],
)
async def test_a_new_answer_takes_the_place_of_the_old_one_unless_nothing_is_to_be_kept(
    name, is_kept
):
    scripts = iter([Script(says="old"), Script(says="new")])
    asked = service(FakeEngine(script=lambda _: next(scripts)))
    words = {"x-orchestrator-fresh": "true", "cache-control": "no-cache", HEADER: "off"}
    await asked.chat(temperature=0)
    await asked.chat(temperature=0, headers={name: words[name]})
    last = await asked.chat(temperature=0)

    assert last.json()["choices"][0]["message"]["content"] == ("new" if is_kept else "old")


async def test_a_wish_that_is_none_is_refused():
    refused = await service().chat(headers={HEADER: "maybe"})

    assert (refused.status_code, refused.json()["error"]["param"]) == (400, HEADER)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_what_broke_off_is_never_told_again(stream):
    scripts = iter([Script(says="a b c", fails=EngineDeadError("died"), fails_at=1), Script()])
    asked = service(FakeEngine(script=lambda _: next(scripts)))
    broken = await asked.chat(temperature=0, stream=stream)
    after = await asked.chat(temperature=0, stream=stream)

    assert "engine_dead" in broken.text
    assert (after.headers[HEADER], "engine_dead" in after.text) == ("miss", False)


@pytest.mark.parametrize(
    ("model", "limit", "told"), [("painter", {}, "miss"), ("painter", {"max_tokens": 64}, "hit")]
)
async def test_an_answer_that_was_cut_is_told_again_where_its_caller_named_the_length(
    model, limit, told
):
    asked = service(FakeEngine("word " * 100))
    for _ in range(2):
        last = await asked.chat(model=model, temperature=0, **limit)

    assert last.json()["choices"][0]["finish_reason"] == "length"
    assert last.headers[HEADER].split(";")[0] == told


async def test_an_answer_of_a_caller_that_hung_up_is_not_kept():
    gate = asyncio.Event()
    asked = service(FakeEngine(gate=gate))
    async with asked.client() as client:
        body = {"model": "math", "messages": [{"role": "user", "content": "hi"}], "seed": 1}
        first = asyncio.create_task(client.post(CHAT, json=body))
        await asked.engine.arrived.wait()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        gate.set()
        after = await client.post(CHAT, json=body)

    assert after.headers[HEADER] == "miss"


async def test_of_equal_requests_at_one_time_one_is_answered():
    gate = asyncio.Event()
    asked = service(FakeEngine("alone", gate=gate))
    async with asked.client() as client:
        body = {"model": "math", "messages": [{"role": "user", "content": "hi"}], "seed": 1}
        waiting = [asyncio.create_task(client.post(CHAT, json=body)) for _ in range(5)]
        await asked.engine.arrived.wait()
        gate.set()
        answers = await asyncio.gather(*waiting)

    assert {one.json()["choices"][0]["message"]["content"] for one in answers} == {"alone"}
    assert len({one.json()["id"] for one in answers}) == 5
    assert len(asked.engine.calls) == 1


async def test_who_waits_for_an_answer_that_fails_has_its_own():
    gate = asyncio.Event()
    scripts = iter([Script(fails=EngineDeadError("died"), gate=gate)])
    asked = service(FakeEngine(script=lambda _: next(scripts, Script(says="fine"))))
    async with asked.client() as client:
        body = {"model": "math", "messages": [{"role": "user", "content": "hi"}], "seed": 1}
        first = asyncio.create_task(client.post(CHAT, json=body))
        await asked.engine.arrived.wait()
        second = asyncio.create_task(client.post(CHAT, json=body))
        gate.set()
        answers = [await first, await second]

    assert [one.status_code for one in answers] == [503, 200]


async def test_callers_share_answers_only_where_the_operator_says_so():
    told = {}
    for is_shared in (False, True):
        asked = service(is_shared=is_shared)
        for who in ("ann", "bob"):
            last = await asked.chat(temperature=0, headers={"authorization": f"Bearer {who}"})
        told[is_shared] = last.headers[HEADER].split(";")[0]

    assert told == {False: "miss", True: "hit"}


async def test_details_of_a_hit_say_that_no_expert_was_asked():
    asked = service()
    await asked.chat(model="math", temperature=0)
    hit = await asked.chat(model="math", temperature=0, headers={"x-orchestrator-details": "true"})

    details = hit.json()["orchestrator"]
    assert (details["expert"], details["by_expert"]) == ("math", {})


async def test_without_a_cache_nothing_is_said_of_one():
    answer = await Service().chat(temperature=0)

    assert HEADER not in answer.headers


@pytest.mark.parametrize("form", ["float", "base64"])
async def test_vectors_are_told_again_in_either_form(form):
    asked = service()
    body = {"model": "vectors", "input": ["one", "two"]}
    first = await asked.post("/v1/embeddings", **body, encoding_format="float")
    again = await asked.post("/v1/embeddings", **body, encoding_format=form)
    plainly = await Service().post("/v1/embeddings", **body, encoding_format=form)
    record = await asked.last_record()

    assert (first.headers[HEADER], again.headers[HEADER]) == ("miss", "hit; kind=exact; age_s=0")
    assert again.json() == plainly.json()
    assert (record.cached, record.prompt_tokens) == ("exact", 0)
    assert len(asked.engine.calls) == 1


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"input": ["two", "one"]}, {}), ({"input": "one"}, {}), ({"dimensions": 4}, {}),
        ({}, {"cache-control": "no-store"}), ({}, {"authorization": "Bearer bob"}),
    ],
)  # fmt: skip
async def test_other_vectors_are_made(change, headers):
    asked = service()
    body = {"model": "vectors", "input": ["one", "two"]}
    await asked.post("/v1/embeddings", **body)
    await asked.post("/v1/embeddings", **(body | change), headers=headers)

    assert len(asked.engine.calls) == 2


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_tool_calls_are_told_again_whole(stream):
    call = ToolCall(id="call_1", name="weather", arguments='{"at": "x"}')
    asked = service(FakeEngine(script=lambda _: Script(says="", tool_calls=(call,))))
    body = {"model": "math", "temperature": 0, "tools": [WEATHER], "stream": stream}
    first, again = await asked.chat(**body), await asked.chat(**body)

    assert again.headers[HEADER].startswith("hit")
    if stream:
        assert called(again) == called(first) == [("call_1", "weather", '{"at": "x"}')]
        assert chunks(again)[-1]["choices"][0]["finish_reason"] == "tool_calls"
    else:
        assert plain(again) == plain(first)
        assert again.json()["choices"][0]["message"]["tool_calls"][0]["id"] == "call_1"


def called(response) -> list[tuple[str, str, str]]:
    """Tool calls of a stream, put together as clients do."""
    parts: dict[int, list[str]] = {}
    for chunk in chunks(response):
        for choice in chunk["choices"]:
            for call in choice["delta"].get("tool_calls") or ():
                told = call["function"]
                part = parts.setdefault(call["index"], [call.get("id"), told.get("name"), ""])
                part[2] += told.get("arguments") or ""
    return [tuple(part) for _, part in sorted(parts.items())]
