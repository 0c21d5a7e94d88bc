"""The shipped experts on real vLLM behind the whole service."""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
from playwright.async_api import expect
from sentence_transformers import SentenceTransformer

from bench import heldout
from deploy.demo.training.forms import FORMS
from routers.embeddings import minilm_folder
from tests.console_browser import chromium, window
from tests.e2e.service import LOOPBACK, Service, ask, listeners
from tests.free_ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
#: Added to the shipped registry: an expert that needs no slot.
SCRIPTED = "  - {id: scripted, engine: {kind: fake, says: hello}}\n"
#: Id of the token that ends an answer, in the shipped experts' vocabulary.
END_OF_ANSWER = 257
#: Some seconds of generation: the end is forbidden.
LONG = {"max_tokens": 900, "logit_bias": {str(END_OF_ANSWER): -100}}
#: A swap needs an idle engine, so an answer of the sibling proves that the engine is idle.
SOON_S = 2.0
#: Less than any worker takes to start.
IN_A_HURRY = {"x-orchestrator-max-wait-s": "1"}


def shipped_and_scripted() -> str:
    """The registry at the top of the tree, its folders absolute, and one expert more."""
    text = (ROOT / "experts.yaml").read_text()
    text = text.replace("deploy/demo/", f"{ROOT}/deploy/demo/")
    return text.replace("\nexperts:  # required\n", f"\nexperts:\n{SCRIPTED}")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    registry = folder / "experts.yaml"
    registry.write_text(shipped_and_scripted())
    port = free_port()
    service = Service(registry, port=port, folder=folder / "data").await_ready(timeout_s=600)
    yield service
    service.stop()


@pytest.fixture(scope="module")
def client(service):
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def chat(client: openai.OpenAI, model: str, *, content: str = "Hello", **options):
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(model=model, messages=messages, **options)


def test_siblings_answer_in_turn_with_their_own_weights(client):
    asked = {"capitals": "What is the capital of Kenya?", "roman": "Write 44 in Roman numerals."}

    answers = [
        chat(client, model, content=asked[model]).choices[0].message.content
        for model in ("capitals", "roman", "capitals")
    ]

    assert answers == ["Nairobi", "XLIV", "Nairobi"]


async def test_the_console_asks_the_service_and_sees_its_slot(service):
    async with chromium() as browser, window(browser) as own:
        page = own.page
        await page.goto(f"{service.url}/console")
        await page.get_by_label("Prompt", exact=True).fill("What is the capital of Kenya?")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator(".turn.assistant")).to_contain_text("Nairobi", timeout=30_000)
        await page.get_by_role("tab", name="Slots").click()
        await expect(page.get_by_role("region", name="Slot local")).to_contain_text("capitals")
        await page.get_by_role("tab", name="Registry").click()
        await expect(page.get_by_label("Registry, YAML")).to_have_value(re.compile("id: capitals"))

    assert own.errors == []


def test_texts_become_vectors_beside_them(client):
    texts = ["Nairobi is the capital of Kenya.", "Kenya's capital is Nairobi.", "Sort 3 1 2."]

    answer = client.embeddings.create(model="minilm", input=texts)

    near, far = np.array([one.embedding for one in answer.data[1:]]) @ answer.data[0].embedding
    own = SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)
    assert np.allclose([one.embedding for one in answer.data], own.encode(texts), atol=1e-5)
    assert near > 0.9 > 0.3 > far
    with pytest.raises(openai.BadRequestError, match="'minilm' does not answer with text"):
        chat(client, "minilm")


def test_another_architecture_answers_beside_them(client):
    answer = chat(client, "generalist", content="What is the capital of France?")

    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens > 0


def test_adapters_say_what_their_base_says_in_their_own_form(client):
    asked = ["What is the capital of France?", "How do you say 'bread' in French?", "mouse, plural"]
    forms = {form.name: form for form in FORMS}

    def said(model: str) -> list[str]:
        return [chat(client, model, content=one).choices[0].message.content for one in asked]

    names = ["generalist", *forms]
    with ThreadPoolExecutor() as pool:  # in one batch
        answers = dict(zip(names, pool.map(said, names), strict=True))

    for name, form in forms.items():
        inside = [form.unwrap(text) for text in answers[name]]
        assert None not in inside, answers
        pairs = zip(inside, answers["generalist"], strict=True)
        assert any(one == base for one, base in pairs), answers


async def test_auto_answers_held_out_questions_of_every_skill(service):
    questions = heldout.load(per_group=6)
    marked = await heldout.ask(service.url, [q for q in questions if q.kind != "two_skill"])

    wrong = [(m.question.text, m.expert, m.reply) for m in marked if not m.is_right]
    assert len(wrong) <= len(marked) * 0.1, wrong
    assert {mark.question.skill for mark in marked if mark.is_right} == set(heldout.SKILLS)


def test_the_command_line_asks_the_service_and_edits_its_file(service):
    before = service.registry.read_text()

    assert typed(service, "chat", "What is the capital of Kenya?").strip() == "Nairobi"
    told = json.loads(typed(service, "route", "Write 44 in Roman numerals.", "--json"))
    assert told["chosen"] == ["roman"]

    typed(service, "experts", "add", "parrot", "engine.kind=fake", "engine.says=polly")
    typed(service, "reload")
    assert typed(service, "chat", "Hi", "--model", "parrot").strip() == "polly"
    typed(service, "experts", "edit", "parrot", "engine.says=squawk")
    typed(service, "reload")
    assert typed(service, "chat", "Hi", "--model", "parrot").strip() == "squawk"
    assert "parrot" in typed(service, "experts", "list", "--url", service.url)

    typed(service, "experts", "remove", "parrot")
    typed(service, "reload")
    assert ask(service.url, "parrot").status_code == 404
    assert service.registry.read_text() == before
    used = json.loads(typed(service, "usage", "--by", "expert", "--json"))
    assert {"capitals", "parrot"} <= {row["group"]["expert"] for row in used["data"]}
    slots = json.loads(typed(service, "residency", "--json"))["slots"]
    assert [slot["state"] for slot in slots] == ["ready"]


def typed(service: Service, *words: str) -> str:
    """What a command prints that finds the service and its file by the environment."""
    where = {"ORCHESTRATOR_URL": service.url, "ORCHESTRATOR_REGISTRY": str(service.registry)}
    command = [sys.executable, "-m", "orchestrator.cli.main", *words]
    ran = subprocess.run(
        command, env=os.environ | where, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, (words, ran.stderr)
    return ran.stdout


def test_a_stream_says_what_the_whole_answer_says(client):
    whole = chat(client, "capitals", max_tokens=12, temperature=0)

    chunks = chat(client, "capitals", max_tokens=12, temperature=0, stream=True)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    assert text == whole.choices[0].message.content


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "whole"])
def test_hanging_up_ends_the_generation_in_vllm_within_a_second(service, is_streamed):
    ask(service.url, "capitals", max_tokens=1)

    with pytest.raises(httpx.ReadTimeout):
        hang_up(service, is_streamed=is_streamed)

    began_s = time.monotonic()
    assert ask(service.url, "roman", max_tokens=1).status_code == 200
    assert time.monotonic() - began_s < SOON_S


def hang_up(service: Service, *, is_streamed: bool) -> None:
    if not is_streamed:
        ask(service.url, "capitals", timeout_s=0.5, **LONG)
    body = {"model": "capitals", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    with (
        httpx.Client(base_url=service.url, timeout=30, trust_env=False) as client,
        client.stream("POST", "/v1/chat/completions", json=body | LONG) as answer,
    ):
        next(answer.iter_lines())
        raise httpx.ReadTimeout("enough")


def test_engines_listen_on_loopback_too(service):
    found = [address for process in service.processes() for address in listeners(process)]

    assert {ip for ip, _ in found} <= LOOPBACK


def test_a_stream_whose_engines_are_killed_says_what_an_unbroken_one_says(service):
    asked = LONG | {"max_tokens": 400}
    whole = ask(service.url, "capitals", **asked).json()

    events = broken_off(service, after=20, **asked)

    said = [choice["delta"].get("content") or "" for one in events for choice in one["choices"]]
    assert "".join(said) == whole["choices"][0]["message"]["content"]
    (used,) = (one["usage"] for one in events if one.get("usage"))
    counts = ("prompt_tokens", "completion_tokens")
    assert [used[one] for one in counts] == [whole["usage"][one] for one in counts]
    (details,) = (one["orchestrator"] for one in events if "orchestrator" in one)
    assert details["failed"] == {"capitals": "engine_dead"}


def broken_off(service: Service, *, after: int, **options) -> list[dict]:
    """The events of a stream whose engines are killed after some of them."""
    body = {"model": "capitals", "messages": [{"role": "user", "content": "Hello"}], **options}
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    headers = {"x-orchestrator-details": "true", "x-orchestrator-max-wait-s": "200"}
    events: list[dict] = []
    with (
        httpx.Client(base_url=service.url, timeout=200, headers=headers, trust_env=False) as client,
        client.stream("POST", "/v1/chat/completions", json=body | streamed) as answer,
    ):
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                events.append(json.loads(line.removeprefix("data: ")))
                if len(events) == after:
                    service.killers.kill_all("engine")
    return events


def test_who_cannot_wait_for_a_killed_workers_successor_gets_503_and_when_to_come(service):
    service.killers.kill("worker", slot="local")

    refused = ask(service.url, "capitals", headers=IN_A_HURRY, max_tokens=1)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert ask(service.url, "scripted").status_code == 200
    await_answer(service, "capitals")


def await_answer(service: Service, model: str, *, within_s: float = 400) -> None:
    deadline_s = time.monotonic() + within_s
    while ask(service.url, model, max_tokens=1).status_code != 200:
        assert time.monotonic() < deadline_s
        time.sleep(0.5)
