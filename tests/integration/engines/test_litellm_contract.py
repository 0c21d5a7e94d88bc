import asyncio

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.litellm import LitellmEngine
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.registry.models import Expert
from tests.contract.engine_contract import SLOW, Subject, promises
from tests.integration.engines.upstream import front, serving

pytestmark = pytest.mark.integration

NEVER = asyncio.Event()
SAYS = " ".join(f"word{number}" for number in range(200))


def script(call):
    gate = NEVER if last_user_text(call) == SLOW else None
    return Script(says=SAYS, gate=gate, max_context=256)


@pytest.fixture
async def subject():
    source = FakeEngine(script=script)
    async with serving(front(source)) as url:
        spec = {"kind": "litellm", "base_url": url, "model": "openai/fake", "max_context": 256}
        engine = LitellmEngine(Expert(id="hosted", engine=spec), api_key="sk-local")
        yield Subject(
            engine=engine,
            expert="hosted",
            num_in_flight=lambda: source.num_in_flight,
            max_context=256,
        )
        await engine.close()


@promises()
async def test_a_hosted_model_keeps_its_promises(promise, subject):
    await promise(subject)
