"""Streams that upstreams cut, stall or corrupt, through the whole endpoint.

LiteLLM #40404: such a stream gets no fallback, and its caller a truncated answer that looks whole.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from orchestrator.compositions.programs import Programs
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.remote import remote_engine
from orchestrator.registry.models import Registry
from orchestrator.residency.placement import DispatchTable
from tests.faults.answers import answer_to
from tests.faults.scripts import KINDS, Scripts
from tests.faults.upstream import upstream
from tests.served import PreferenceRouter, Service, data_of

pytestmark = pytest.mark.integration

#: Of faults that a stream meets after its first token.
MIDWAY = sorted(
    kind
    for kind in KINDS
    if not kind[0].isdigit()
    and not kind.endswith(("-head", "redirect", "ok", "slow"))
)  # fmt: skip
BEFORE = sorted(kind for kind in KINDS if kind[0].isdigit() or kind.endswith(("head", "redirect")))


def registry(url: str, other: str, *, continues: str, timeout_s: float = 1.0) -> Registry:
    def expert(name: str, root: str) -> dict[str, object]:
        spec = {"kind": "openai", "base_url": root, "model": name, "continues": continues}
        return {"id": name, "engine": {**spec, "timeout_s": timeout_s}}

    auto = {"kind": "route", "router": "topic", "fallbacks": 1}
    return Registry.model_validate(
        {
            "experts": [expert("first", url), expert("second", other)],
            "routers": {"topic": {"kind": "category", "artifact": "x", "fallback": "first"}},
            "compositions": {"auto": auto},
            "defaults": {"stall_s": 0.3, "timeout_s": 60},
        }
    )


class Endpoint:
    """The endpoint over two scripted upstreams: `first` and, where it cannot, `second`."""

    def __init__(self, found: Registry) -> None:
        remotes = {expert.key: remote_engine(expert, {}) for expert in found.experts}
        table = DispatchTable(slots_by_expert={})
        self.dispatch = Dispatch(table, slots={}, remotes=remotes, refresh=self._never)
        router = PreferenceRouter("first", "second")
        programs = Programs(found, generation=1, routers={"topic": router}, dispatch=self.dispatch)
        self.service = Service(live=lambda: programs)

    async def _never(self) -> DispatchTable:
        raise AssertionError("no expert of a slot is asked")


@asynccontextmanager
async def endpoint(
    scripts: Scripts, *, second: Scripts | None = None, **more
) -> AsyncIterator[Endpoint]:
    async with upstream(scripts) as url, upstream(second) as other:
        subject = Endpoint(registry(url, other, **{"continues": "vllm", **more}))
        try:
            yield subject
        finally:
            await subject.dispatch.close()


def once(fault: str) -> Scripts:
    scripts = Scripts()
    scripts.tell(faults=(), then=(fault,), rate=0.0, seed=0)
    return scripts


def text_of(response: httpx.Response) -> str:
    told = [json.loads(one) for one in data_of(response) if one != "[DONE]"]
    choices = [choice for one in told for choice in one.get("choices", ())]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


@pytest.mark.parametrize("kind", MIDWAY)
async def test_a_stream_that_breaks_off_is_gone_on_with_word_by_word(kind):
    async with endpoint(once(f"{kind}:3")) as subject:
        response = await subject.service.chat("hello", model="first", stream=True)

        assert text_of(response) == answer_to("hello")
        assert response.text.endswith("data: [DONE]\n\n")
        assert ": instead expert=first failed first=engine_" in response.text
        record = await subject.service.last_record()
        assert (record.status, record.num_continued) == (200, 1)


async def test_a_stream_is_gone_on_with_elsewhere_where_its_upstream_stays_down():
    down = Scripts()
    down.tell(faults=("cut-before-head",), then=("cut:4",), rate=1.0, seed=0)
    async with endpoint(down) as subject:
        response = await subject.service.chat("hello", stream=True)

        assert text_of(response) == answer_to("hello")
        assert (await subject.service.last_record()).expert == "second"


@pytest.mark.parametrize("kind", MIDWAY)
async def test_a_stream_that_nobody_can_go_on_with_ends_as_an_error_and_never_as_done(kind):
    async with endpoint(once(f"{kind}:3"), continues="no") as subject:
        response = await subject.service.chat("hello", stream=True)

        assert text_of(response) == " ".join(answer_to("hello").split(" ")[:3])
        assert "[DONE]" not in response.text
        assert '"error"' in data_of(response)[-1]
        assert (await subject.service.last_record()).status >= 500


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("kind", BEFORE)
async def test_what_fails_before_its_first_token_is_answered_by_the_next(kind, is_streamed):
    async with endpoint(once(kind), continues="no") as subject:
        response = await subject.service.chat("hello", stream=is_streamed)

        assert response.status_code == 200
        assert (await subject.service.last_record()).expert == "second"
        if is_streamed:
            assert text_of(response) == answer_to("hello")
        else:
            assert response.json()["choices"][0]["message"]["content"] == answer_to("hello")


def is_right(response: httpx.Response, asked: str) -> bool:
    """A whole answer to what was asked, or a typed error after some of it."""
    if response.status_code != 200:
        return bool(response.json()["error"]["code"])
    if "[DONE]" in response.text:
        return text_of(response) == answer_to(asked)
    return '"error"' in data_of(response)[-1] and answer_to(asked).startswith(text_of(response))


async def test_among_many_faults_every_request_ends_and_says_its_own_words():
    kinds = tuple(f"{kind}:2" for kind in (*MIDWAY, *BEFORE) if kind != "huge-line")
    scripts, other = Scripts(), Scripts()
    scripts.tell(faults=kinds, then=(), rate=0.3, seed=7)
    other.tell(faults=kinds, then=(), rate=0.3, seed=8)
    questions = [f"question {place}" for place in range(150)]
    places = asyncio.Semaphore(16)
    async with endpoint(scripts, second=other) as subject:

        async def ask(question: str) -> httpx.Response:
            async with places:
                return await subject.service.chat(question, stream=True)

        responses = await asyncio.gather(*map(ask, questions))

    wrong = [q for q, one in zip(questions, responses, strict=True) if not is_right(one, q)]
    assert wrong == []
    assert any("[DONE]" in one.text for one in responses)
    assert sum(scripts.num_by_kind.values()) > scripts.num_by_kind["ok"] > 0


async def test_an_upstream_that_stands_still_holds_up_nobody_else():
    """Ray Serve #65346: one lock holds up all."""
    still = Scripts()
    still.tell(faults=("stall-before-head",), then=(), rate=1.0, seed=0)
    async with endpoint(still, timeout_s=60) as subject:
        asked = (subject.service.chat(f"held {place}", model="first") for place in range(50))
        held = [asyncio.create_task(one) for one in asked]
        free = [await subject.service.chat(f"{place}", model="second") for place in range(20)]
        is_held = [not one.done() for one in held]
        for one in held:
            one.cancel()
        await asyncio.wait(held)

    told = [one.json()["choices"][0]["message"]["content"] for one in free]
    assert told == [answer_to(f"{place}") for place in range(20)]
    assert all(is_held)


async def test_an_upstream_that_is_dead_ends_nothing_but_its_own_requests():
    """Ray Serve #59522: a dead engine kills the job."""
    dead = Scripts()
    dead.tell(faults=("cut-before-head",), then=(), rate=1.0, seed=0)
    async with endpoint(dead) as subject:
        models = ["first", "second"] * 10
        answers = await asyncio.gather(*(subject.service.chat(model=one) for one in models))

    assert [one.status_code for one in answers] == [503, 200] * 10
    codes = {one.json()["error"]["code"] for one in answers[::2]}
    assert codes == {"expert_unavailable"}
