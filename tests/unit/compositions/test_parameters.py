"""What callers send reaches the stages of every kind as `docs/compositions.md` states it."""

import re
from pathlib import Path

import pytest

from orchestrator.engines.base import Call
from tests.every_kind import BY_KIND, KINDS, EveryKind
from tests.served import fault

PAGE = Path(__file__).parents[3] / "docs" / "compositions.md"
SENT = {
    "top_p": 0.6,
    "max_tokens": 37,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.2,
    "logit_bias": {"5": 1},
    "seed": 700,
    "stop": ["zz"],
    "response_format": {"type": "json_object"},
    "logprobs": True,
    "top_logprobs": 3,
    "temperature": 0.31,
}
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
#: Samples of a composition and in turn have seeds of their own, counted from the caller's.
SEEDS = range(700, 700 + 64)


def had(call: Call) -> set[str]:
    """What of `SENT` a call has, its temperature aside."""
    sampling = call.sampling
    found = {
        "top_p": sampling.top_p == 0.6,
        "max_tokens": sampling.max_tokens == 37,
        "presence_penalty": sampling.presence_penalty == 0.1,
        "frequency_penalty": sampling.frequency_penalty == 0.2,
        "logit_bias": dict(sampling.logit_bias) == {5: 1},
        "seed": sampling.seed in SEEDS,
        "stop": sampling.stop == ("zz",),
        "response_format": call.structure is not None,
        "logprobs": sampling.top_logprobs == 3,
    }
    return {name for name, is_there in found.items() if is_there}


def stated() -> set[str]:
    """The kinds that the table of parameters has a row of."""
    table = PAGE.read_text(encoding="utf-8").partition("## What callers send")[2]
    rows = [line for line in table.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_every_kind_is_stated_and_tried_here():
    assert set(BY_KIND) == set(KINDS)
    assert stated() == set(KINDS)


@pytest.mark.parametrize("name", BY_KIND)
async def test_several_answers_and_tools_are_for_kinds_of_one_call(name):
    for sent in ({"n": 2}, {"tools": TOOLS}):
        response = await EveryKind(kind=name).service.chat(model=name, **sent)

        if BY_KIND[name].is_one_call:
            assert response.status_code == 200
        else:
            assert fault(response)["code"] == "unsupported_parameter"
            assert fault(response)["param"] == next(iter(sent))


@pytest.mark.parametrize("name", BY_KIND)
async def test_raw_text_is_continued_or_refused_by_name(name):
    response = await EveryKind(kind=name).service.post("/v1/completions", model=name, prompt="1+2=")

    if BY_KIND[name].takes_text:
        assert response.status_code == 200
    else:
        assert (fault(response)["code"], fault(response)["param"]) == (
            "unsupported_parameter", "prompt",
        )  # fmt: skip


@pytest.mark.parametrize("name", BY_KIND)
async def test_each_stage_has_what_is_stated_of_what_was_sent(name):
    asked, kind = EveryKind(kind=name), BY_KIND[name]

    response = await asked.service.chat(model=name, **SENT)

    assert response.status_code == 200, response.text
    stages = [stage.name for stage in (await asked.service.last_record()).stages]
    assert stages == [stage.name for stage in kind.stages]
    for at, stage in enumerate(kind.stages):
        calls = asked.calls_of(at)
        assert calls, stage.name
        for call in calls:
            assert had(call) == stage.has, stage.name
            temperature = 0.31 if stage.temperature is None else stage.temperature
            assert call.sampling.temperature == temperature, stage.name


@pytest.mark.parametrize("name", [name for name, kind in BY_KIND.items() if kind.is_one_call])
async def test_the_only_call_has_all_that_was_sent(name):
    asked = EveryKind(kind=name)

    await asked.service.chat(model=name, **SENT)

    [call] = asked.engine.calls
    assert had(call) == set(SENT) - {"temperature", "top_logprobs"}
    assert call.sampling.temperature == 0.31
