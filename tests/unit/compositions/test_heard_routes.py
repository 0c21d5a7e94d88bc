"""Feedback from request to route and back: endpoint, store, hearing, routers, all but Redis."""

import httpx
import pytest

from orchestrator.compositions.loading import Loader
from orchestrator.engines.fake import FakeEngine
from orchestrator.registry.generations import GenerationRecord
from orchestrator.registry.models import Registry
from orchestrator.routing.hearing import Hearing
from orchestrator.store.memory_judgements import MemoryJudgements
from tests.served import Service
from tests.skilled_registry import MODES, NUM_TO_CHANGE, skilled_registry


class Site:
    """Two gateways on one store, each with its own routers."""

    def __init__(self, record: GenerationRecord) -> None:
        self.judgements = MemoryJudgements()
        self.record = record
        self.loaders = [Loader(FakeEngine(), remotes={}, environ={}) for _ in range(2)]
        self.hearings = [
            Hearing(self.judgements, loader.hear, clock=lambda: 0.0) for loader in self.loaders
        ]

    async def begin(self) -> None:
        programs = [await loader.load(self.record) for loader in self.loaders]
        self.gateways = [
            Service(live=lambda own=own: own, judgements=self.judgements) for own in programs
        ]

    async def heard(self) -> None:
        for hearing in self.hearings:
            await hearing.look()

    async def routed(self, skills: str | None, *, model: str = "best") -> list[dict]:
        """What each gateway says of a question."""
        return [
            (await gateway.post("/v1/route", **body(skills, model=model))).json()
            for gateway in self.gateways
        ]

    async def judged(self, score: float, *, num: int) -> list[str]:
        """Ids of judgements of answers to sums, each of a request of its own."""
        ids = []
        for _ in range(num):
            answer = await self.gateways[0].post("/v1/chat/completions", **body("sum"))
            request_id = answer.headers["x-orchestrator-request-id"]
            told = await self.gateways[0].post(
                "/v1/feedback", request_id=request_id, score=score, expert="counter"
            )
            assert told.json()["labels"] == ["sum"], told.text
            ids.append(told.json()["id"])
        return ids

    async def taken_back(self, ids: list[str]) -> None:
        async with self.gateways[1].client() as client:
            replies = [await client.delete(f"/v1/feedback/{one}") for one in ids]
        assert all(reply.status_code == httpx.codes.OK for reply in replies)


def body(skills: str | None, *, model: str = "best") -> dict[str, object]:
    metadata = {} if skills is None else {"metadata": {"skills": skills}}
    return {"model": model, "messages": [{"role": "user", "content": "2+2?"}], **metadata}


@pytest.fixture
async def site(tmp_path):
    registry = Registry.model_validate(skilled_registry(tmp_path))
    record = GenerationRecord(
        number=1, registry=registry, text="", sha256="0" * 64, folder=str(tmp_path),
        source="file", created_s=0.0,
    )  # fmt: skip
    made = Site(record)
    await made.begin()
    return made


@pytest.mark.parametrize("model", MODES)
@pytest.mark.parametrize(
    ("skills", "expert"), [("Capital", "mapper"), ("french, ", "linguist"), ("plus", "counter")]
)
async def test_the_expert_of_the_skills_is_recruited_in_every_mode(site, model, skills, expert):
    [told, _] = await site.routed(skills, model=model)

    recruited = set(told["chosen"])
    assert told["chosen"][0] == expert or (expert, recruited) == ("counter", {"counter", "rival"})
    assert (told["needs_generation"], told["is_fallback"]) == (False, False)


@pytest.mark.parametrize("model", MODES)
async def test_without_skills_a_model_has_to_name_them_first(site, model):
    [told, _] = await site.routed(None, model=model)

    assert told["chosen"] == ["general"]
    assert (told["needs_generation"], told["skills"]) == (True, [])


async def test_feedback_changes_a_route_everywhere_and_reverted_changes_it_back(site):
    before = await site.routed("sum")
    ids = await site.judged(0.0, num=NUM_TO_CHANGE)
    await site.heard()
    moved = await site.routed("sum")
    await site.taken_back(ids)
    await site.heard()
    after = await site.routed("sum")

    assert [one["chosen"][0] for one in before] == ["counter"] * 2
    assert [one["chosen"][0] for one in moved] == ["rival"] * 2
    assert moved[0]["router_version"] == moved[1]["router_version"] != before[0]["router_version"]
    assert [one["scores"] for one in after] == [one["scores"] for one in before]
    assert after[0]["router_version"] == before[0]["router_version"]


async def test_what_is_said_of_one_router_moves_no_other(site):
    before = await site.routed("sum", model="coded")
    await site.judged(0.0, num=NUM_TO_CHANGE)
    await site.heard()

    after = await site.routed("sum", model="coded")

    assert after[0]["scores"] == before[0]["scores"]


async def test_a_replica_that_starts_later_routes_as_the_others(site):
    await site.judged(0.0, num=NUM_TO_CHANGE)
    late = Site(site.record)
    late.judgements = site.judgements
    late.hearings = [Hearing(site.judgements, one.hear, clock=lambda: 0.0) for one in late.loaders]

    await late.heard()
    await late.begin()

    assert [one["chosen"][0] for one in await late.routed("sum")] == ["rival"] * 2
