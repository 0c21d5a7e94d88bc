"""The shipped skill router under `symbolic_moe`, over HTTP: named once, recruited, merged."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.compositions.loading import Loader
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.registry.generations import GenerationRecord
from orchestrator.registry.models import Registry
from tests.served import Service

pytestmark = pytest.mark.integration

DEMO = Path("deploy/demo")
HELDOUT = (DEMO / "questions/heldout.jsonl").read_text(encoding="utf-8")
ROWS = [json.loads(line) for line in HELDOUT.splitlines()]
#: Every sixteenth question of one skill, and all of two.
PLAIN = [row for row in ROWS if row["kind"] == "plain"][::16]
TWO_SKILLS = [row for row in ROWS if row["kind"] == "two_skill"][::4]
ROW_BY_QUESTION = {row["question"]: row for row in ROWS}
EXPERTS = sorted({skill for row in ROWS for skill in row["skills"]})
CANDIDATE = re.compile(r'<candidate number="\d+">\n(.*?)\n</candidate>', re.DOTALL)


def script(call) -> Script:
    """Experts know their own skill, the namer slips in two samples of five, the writer votes."""
    said = last_user_text(call)
    if call.expert == "writer":
        [(answer, _)] = Counter(one for one in CANDIDATE.findall(said) if one != "?").most_common(1)
        return Script(says=answer, is_literal=True)
    row = next(row for question, row in ROW_BY_QUESTION.items() if question in said)
    if call.expert == "namer":
        named = ", ".join(row["skills"])
        return Script(says=(named, f"history, {named}", "none", named, "small talk"))
    knows = call.expert in row["skills"]
    return Script(says=row["answer"] if knows else "?", is_literal=True)


@pytest.fixture
async def service():
    names = (*EXPERTS, "generalist", "namer", "writer")
    registry = Registry.model_validate(
        {
            "experts": [{"id": name} for name in names],
            "routers": {
                "skills": {
                    "kind": "skill", "artifact": str(DEMO / "routers/skills"),
                    "fallback": "generalist", "probability": 0.85,
                },
                "gate": {
                    "kind": "rules",
                    "rules": [{"when": {"matches": "^/help"}, "expert": "generalist"}],
                    "otherwise": {"router": "skills"},
                },
            },
            "compositions": {
                "auto": {
                    "kind": "symbolic_moe", "router": "gate", "namer": "namer",
                    "aggregator": "writer",
                },
            },
        }
    )  # fmt: skip
    record = GenerationRecord(
        number=1, registry=registry, text="", sha256="0" * 64, folder=".", source="file",
        created_s=0.0,
    )  # fmt: skip
    engine = FakeEngine(script=script)
    programs = await Loader(engine, remotes={}, environ={}).load(record)
    return Service(engine=engine, live=lambda: programs)


async def stages(service: Service) -> list[str]:
    return [stage.name for stage in (await service.last_record()).stages]


def answer_of(response) -> str:
    return response.json()["choices"][0]["message"]["content"]


async def test_questions_of_one_skill_are_answered_by_its_expert_alone(service):
    for row in PLAIN:
        response = await service.chat(row["question"])

        assert answer_of(response) == row["answer"], row
        assert response.headers["x-orchestrator-expert"] in row["skills"]
        record = await service.last_record()
        assert (record.skills, record.needs_generation) == (row["skills"], False)
        assert record.chosen_by == "skills"
    assert await stages(service) == ["skills", "answer"]


async def test_questions_of_two_skills_recruit_both_experts_and_are_merged(service):
    for row in TWO_SKILLS:
        response = await service.chat(row["question"])

        assert answer_of(response) == row["answer"], row
        record = await service.last_record()
        [_, answers, synthesis] = record.stages
        assert {call.expert for call in answers.calls} >= set(row["skills"])
        assert [call.expert for call in synthesis.calls] == ["writer"]


async def test_a_question_is_named_once_however_often_it_is_asked(service):
    row = PLAIN[0]

    first = await service.chat(row["question"])
    again = await service.chat(row["question"])

    assert answer_of(first) == answer_of(again) == row["answer"]
    assert await stages(service) == ["answer"]
    named = [call for call in service.engine.calls if call.expert == "namer"]
    assert [call.sampling.n for call in named] == [5]


async def test_skills_that_the_caller_names_are_not_named_again(service):
    row = PLAIN[0]
    told = {"metadata": {"skills": ",".join(row["skills"])}}

    assert answer_of(await service.chat(row["question"], **told)) == row["answer"]
    assert await stages(service) == ["answer"]
