"""A data set through experts: everything once, in order, whatever fails on the way."""

import itertools

import httpx
import pytest

from orchestrator.client import AsyncClient, Model
from orchestrator.client.retrying import Retries
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import (
    ContextTooLongError,
    EngineDeadError,
    OverloadedError,
    SetupError,
    UnsupportedParameterError,
)
from orchestrator.profiling.asking import Asking
from orchestrator.profiling.experts import Definitions, chosen
from orchestrator.profiling.journal import opened
from orchestrator.profiling.run import Profiling
from routers.datasets import Example
from tests.served import Service

EXAMPLES = [
    Example(id=f"q{i}", prompt=f"{i} + 1?", gold=str(i + 1), grader="number") for i in range(6)
]
VERSIONS = {"math": "m1", "painter": "p1"}


class Adds:
    """`math` adds, others say 0; each fails as told before it answers."""

    def __init__(self, **fails):
        self.calls = []
        self.fails = fails

    def __call__(self, call):
        self.calls.append((call.expert, last_user_text(call)))
        number = int(last_user_text(call).split()[0])
        failures = self.fails.get(call.expert, {}).get(number, [])
        says = f"The answer is {number + 1}" if call.expert == "math" else "0"
        return Script(says=says, fails=failures.pop() if failures else None)


def client_of(engine):
    transport = httpx.ASGITransport(Service(engine=engine).app(), client=("127.0.0.1", 1))
    return AsyncClient("http://localhost", transport=transport)


class Run:
    """Runs of one data set into one file."""

    def __init__(self, path, script):
        self.path, self.script = path, script
        self.waits = []

    async def __call__(self, *experts, examples=EXAMPLES, asking=None, num_at_once=3):
        async def pause(wait_s):
            self.waits.append(wait_s)

        with opened(self.path, EXAMPLES) as journal:
            async with client_of(FakeEngine(script=self.script)) as client:
                versions = chosen(await client.models(), experts)
                await Profiling(
                    client=client,
                    asking=asking or Asking(),
                    journal=journal,
                    definitions=Definitions(client, versions),
                    num_at_once=num_at_once,
                    retries=Retries(max_attempts=3),
                    clock=itertools.count().__next__,
                    pause=pause,
                ).run(examples)
            return journal.outcomes


async def test_a_service_that_stays_broken_ends_the_run_and_keeps_what_was_answered(tmp_path):
    script = Adds(math={4: [EngineDeadError("gone")] * 3})
    run = Run(tmp_path / "out", script)

    with pytest.raises(EngineDeadError, match="gone"):
        await run("math", num_at_once=1)
    outcomes = await run("math")

    assert len(run.waits) == 2
    assert [one.id for one in outcomes] == [f"q{i}" for i in range(6)]
    asked = [text for _, text in script.calls]
    assert {text: asked.count(text) for text in asked} == {
        "0 + 1?": 1, "1 + 1?": 1, "2 + 1?": 1, "3 + 1?": 1, "4 + 1?": 4, "5 + 1?": 1,
    }  # fmt: skip


async def test_a_bug_is_told_as_what_it_is(tmp_path):
    class BugError(Exception):
        pass

    def heard(outcome):
        raise BugError

    with opened(tmp_path / "out", EXAMPLES) as journal:
        async with client_of(FakeEngine(script=Adds())) as client:
            profiling = Profiling(
                client=client,
                asking=Asking(),
                journal=journal,
                definitions=Definitions(client, chosen(await client.models(), ["math"])),
                num_at_once=3,
                clock=itertools.count().__next__,
                heard=heard,
            )
            with pytest.raises(BugError):
                await profiling.run(EXAMPLES)


async def test_a_question_that_does_not_fit_counts_as_not_answered(tmp_path):
    run = Run(tmp_path / "out", Adds(math={2: [ContextTooLongError("long")]}))

    outcomes = await run("math")

    refused = [one for one in outcomes if one.fault]
    assert [(one.id, one.score, one.fault) for one in refused] == [
        ("q2", 0.0, "context_length_exceeded")
    ]
    assert sum(one.score for one in outcomes) == 5


async def test_what_fails_for_a_while_is_asked_again(tmp_path):
    run = Run(tmp_path / "out", Adds(math={1: [OverloadedError("busy", retry_after_s=7)]}))

    outcomes = await run("math")

    assert run.waits == [7]
    assert [one.score for one in outcomes] == [1.0] * 6


async def test_one_expert_is_asked_after_another_and_graded(tmp_path):
    script = Adds()

    outcomes = await Run(tmp_path / "out", script)("painter", "math")

    assert [expert for expert, _ in script.calls] == ["painter"] * 6 + ["math"] * 6
    assert [one.score for one in outcomes] == [0.0] * 6 + [1.0] * 6
    first = outcomes[6]
    assert (first.answer, first.tokens, first.asked) == ("1", 4, Asking().told)
    assert first.seconds is not None
    assert first.version


def told_how_sure(call):
    """`painter` refuses to tell, and so does `plain`, of another parameter."""
    param = {"painter": "logprobs", "plain": "seed"}.get(call.expert)
    asked = call.sampling.top_logprobs is not None
    fails = UnsupportedParameterError("no", param=param) if asked and param else None
    return Script(says="1 2 3", fails=fails, log_prob=-float(last_user_text(call).split()[0]))


async def test_who_refuses_another_parameter_ends_the_run(tmp_path):
    with pytest.raises(UnsupportedParameterError):
        await Run(tmp_path / "out", told_how_sure)("plain", asking=Asking(is_scored=True))


async def test_log_probabilities_are_kept_and_who_cannot_tell_is_asked_without(tmp_path):
    run = Run(tmp_path / "out", told_how_sure)

    outcomes = await run("math", "painter", asking=Asking(is_scored=True), num_at_once=1)

    told = [(one.expert, one.log_prob) for one in outcomes]
    assert told == [("math", -float(i)) for i in range(6)] + [("painter", None)] * 6


async def test_nobody_tells_log_probabilities_unasked(tmp_path):
    outcomes = await Run(tmp_path / "out", told_how_sure)("math")

    assert {one.log_prob for one in outcomes} == {None}


async def test_more_samples_are_added_to_those_there_are(tmp_path):
    script = Adds()
    run = Run(tmp_path / "out", script)
    asking = [Asking(temperature=1.0, num_samples=n) for n in (1, 3)]

    await run("math", examples=EXAMPLES[:2], asking=asking[0])
    outcomes = await run("math", examples=EXAMPLES[:2], asking=asking[1])

    assert sorted((one.id, one.sample) for one in outcomes) == [
        ("q0", 0), ("q0", 1), ("q0", 2), ("q1", 0), ("q1", 1), ("q1", 2),
    ]  # fmt: skip
    assert len(script.calls) == 6


@pytest.mark.parametrize("name", ["maths", "vectors", "auto"])
async def test_only_experts_that_answer_with_text_are_asked(name):
    async with client_of(FakeEngine()) as client:
        models = await client.models()

    with pytest.raises(SetupError, match=rf"'{name}' is no expert .*\['math', 'painter', 'plain'"):
        chosen(models, [name])
    assert list(chosen(models, [])) == ["math", "painter", "plain"]


def test_a_service_without_experts_is_refused():
    with pytest.raises(SetupError, match="no expert that answers with text"):
        chosen([Model(id="auto", kind="composition")], [])


async def test_an_expert_that_is_edited_on_the_way_ends_the_run():
    async with client_of(FakeEngine()) as client:
        definitions = Definitions(client, {"math": "another"})

        await definitions.check(None)
        with pytest.raises(SetupError, match=r"'math' was edited on the way \(version 'another'"):
            await definitions.check(8)


async def test_a_generation_that_leaves_the_experts_alone_is_looked_at_once():
    async with client_of(FakeEngine()) as client:
        definitions = Definitions(client, chosen(await client.models(), ["math"]))
        await definitions.check(8)

    await definitions.check(8)  # the client is closed: nothing is asked
