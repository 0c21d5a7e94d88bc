"""Callers that wait for a slot's other expert, through the whole service: scripted engines."""

import json
from contextlib import contextmanager

import httpx
import openai
import pytest

from orchestrator.client import Client, CompletionChunk, Waiting
from tests.e2e.scripted_service import SLOWLY
from tests.e2e.service import Service
from tests.free_ports import free_port
from tests.registries import write_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ONE_SLOT = "slots:\n  - {name: local, memory_gib: 4, engine_overhead_gib: 0.25}\n"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A service whose one slot has two siblings."""
    folder = tmp_path_factory.mktemp("site")
    experts = [
        json.dumps({"id": id_, "model": str(write_model(folder / id_, num_bytes=64))})
        for id_ in ("first", "second")
    ]
    registry = folder / "experts.yaml"
    registry.write_text("experts:\n" + "".join(f"  - {one}\n" for one in experts) + ONE_SLOT)
    service = Service(
        registry,
        port=free_port(),
        folder=folder / "data",
        program="tests.e2e.scripted_service",
    ).await_ready()
    yield service.url
    service.stop()


def official(url: str) -> openai.OpenAI:
    http = httpx.Client(trust_env=False)
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, http_client=http)


@contextmanager
def busy(url: str):
    """The slot answers a call of `first`, for about two seconds from the beginning of the block."""
    with Client(url) as client:
        stream = client.chat(SLOWLY, model="first", stream=True)
        answer = iter(stream)
        next(answer)
        yield
        for _ in answer:
            pass


def test_a_stream_that_waits_has_comments_then_its_answer(url):
    with busy(url), Client(url) as client:
        stream = client.chat("hi", model="second", stream=True)
        *events, last = stream.events()

    waits = [event for event in events if isinstance(event, Waiting)]
    words = [event.text for event in [*events, last] if isinstance(event, CompletionChunk)]
    assert [wait.position for wait in waits] == [*[1] * (len(waits) - 1), 0]
    assert len(waits) >= 2
    assert waits[0].waited_s < 1 < waits[-1].waited_s
    assert events[: len(waits)] == waits
    assert {word.split("@")[0] for word in "".join(words).split()} == {"second"}
    assert stream.origin.queue_position == 1


def test_the_official_client_reads_the_same_stream(url):
    with busy(url), official(url) as client:
        chunks = list(
            client.chat.completions.create(
                model="second", messages=[{"role": "user", "content": "hi"}], stream=True
            )
        )

    words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks).split()
    assert len(words) == 8


def test_a_whole_answer_that_waited_says_so_in_its_headers(url):
    with busy(url), Client(url) as client:
        answer = client.chat("hi", model="second")

    assert answer.origin.queue_position == 1
    assert answer.origin.waited_s > 1


def test_what_cannot_be_had_in_time_is_refused_with_a_time_to_come_again(url):
    with busy(url), official(url) as client, pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(
            model="second",
            messages=[{"role": "user", "content": "hi"}],
            extra_headers={"x-orchestrator-max-wait-s": "0.2"},
        )

    assert (caught.value.status_code, caught.value.code) == (503, "overloaded")
    assert int(caught.value.response.headers["retry-after"]) >= 1
