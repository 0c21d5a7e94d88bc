import pytest

from orchestrator.engines.base import Call, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.openai import OpenAIEngine
from orchestrator.engines.remote import is_remote, remote_engine
from orchestrator.errors import RegistryError
from orchestrator.registry.models import Expert
from tests.recordings import write_recordings

UPSTREAM = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}


async def test_a_fake_expert_says_what_the_registry_says():
    expert = Expert(id="echo", engine={"kind": "fake", "says": "heard {prompt}"})
    call = Call(id="c", expert="echo", generation=1, prompt=Text(text="you"))

    answer = await collect(remote_engine(expert, {}).generate(call))

    assert answer.choices[0].text == "heard you"


async def test_a_fake_expert_of_a_service_remembers_none_of_what_callers_said():
    engine = remote_engine(Expert(id="echo", engine={"kind": "fake"}), {})
    call = Call(id="c", expert="echo", generation=1, prompt=Text(text="a secret"))

    await collect(engine.generate(call))

    assert not engine.calls


def test_an_upstream_needs_no_key_unless_one_is_named():
    assert isinstance(remote_engine(Expert(id="up", engine=UPSTREAM), {}), OpenAIEngine)


def test_a_key_that_is_not_set_is_named():
    expert = Expert(id="up", engine=UPSTREAM | {"api_key_env": "UP_KEY"})

    with pytest.raises(RegistryError, match=r"'up': environment variable 'UP_KEY'.*is not set"):
        remote_engine(expert, {"UP_KEY": ""})


async def test_a_recorded_expert_says_what_was_recorded(tmp_path):
    path = write_recordings(tmp_path / "answers.parquet")
    spec = {"kind": "replay", "answers": str(path), "model": "large"}
    call = Call(id="c", expert="r", generation=1, version="v", prompt=Text(text="1+1?"))

    answer = await collect(remote_engine(Expert(id="r", engine=spec), {}).generate(call))

    assert answer.choices[0].text == "2"


def test_an_expert_of_a_slot_is_refused():
    expert = Expert(id="maths", model="maths")

    assert not is_remote(expert)
    with pytest.raises(RegistryError, match="'maths' is hosted by a slot"):
        remote_engine(expert, {})
