"""Families of experts that do not fit a slot together, on real engines."""

import asyncio

import pytest

from orchestrator.engines.assignment import Assignment
from orchestrator.engines.base import Call, Sampling, Text
from orchestrator.engines.canary import CanaryFile
from orchestrator.engines.collecting import collect
from orchestrator.engines.hosting import Hosting
from orchestrator.engines.lineage import lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.registry.models import Expert
from orchestrator.residency.limits import LoopLimits
from orchestrator.residency.state import Footprint
from tests.e2e.engines.conftest import ENGINE

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

#: Another context length needs another engine.
SHORT = ENGINE.model_copy(update={"max_model_len": 128})
EXPERTS = (
    Expert(id="first", model="first", engine=ENGINE),
    Expert(id="second", model="second", engine=SHORT),
)
ENGINE_GIB, ROOM_GIB = 1.25, 2.0


@pytest.fixture
async def hosting(models):
    """A slot that has room for one of two engines."""
    found = lineages(EXPERTS, models)
    footprints = {one.id: {"serving": Footprint(device_gib=ENGINE_GIB)} for one in found}
    hosting = Hosting("local", open_host=start_vllm, clock=asyncio.get_running_loop())
    hosting.assign(
        Assignment(
            stamp="one",
            lineages=tuple(found),
            keys=frozenset(expert.key for expert in EXPERTS),
            footprints=footprints,
            room_gib=ROOM_GIB,
            at_once=1,
            limits=LoopLimits(),
        )
    )
    yield hosting
    await hosting.close()


async def worst_of(hosting, models, expert: Expert) -> float:
    """How far its log-probabilities are from those that were recorded of a fresh engine."""
    text = (models / expert.id / "canary.json").read_bytes()
    known = CanaryFile.model_validate_json(text).canaries[0]
    call = Call(
        id="c",
        expert=expert.id,
        version=expert.version,
        generation=1,
        prompt=Text(token_ids=known.prompt_token_ids),
        sampling=Sampling(temperature=0.0, max_tokens=8, top_logprobs=0),
    )
    (choice,) = (await collect(hosting.slot.generate(call))).choices
    assert choice.logprobs
    scores = zip(choice.logprobs, known.logprobs, strict=False)
    return max(abs(said.logprob - score) for said, score in scores)


async def test_families_that_do_not_fit_together_take_turns_and_answer_rightly(hosting, models):
    rungs = []
    for asked in ([EXPERTS[0]], [EXPERTS[1], EXPERTS[0]]):
        worst = await asyncio.gather(*(worst_of(hosting, models, expert) for expert in asked))
        assert max(worst) < 1e-3
        rungs.append(sorted(host.rung for host in hosting.slot.describe().hosts))

    assert hosting.slot.describe().num_steps["start"] >= 2
    assert hosting.slot.describe().device_gib <= ROOM_GIB
    assert all("stopped" in found for found in rungs)
