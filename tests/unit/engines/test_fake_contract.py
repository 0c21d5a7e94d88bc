import asyncio

import pytest

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from tests.contract.engine_contract import SLOW, Subject, promises

NEVER = asyncio.Event()
SAYS = " ".join(f"word{number}" for number in range(200))


def script(call):
    gate = NEVER if last_user_text(call) == SLOW else None
    return Script(says=SAYS, gate=gate, max_context=256)


@pytest.fixture
def subject():
    engine = FakeEngine(script=script)
    return Subject(
        engine=engine,
        expert="fake",
        num_in_flight=lambda: engine.num_in_flight,
        max_context=256,
    )


@promises()
async def test_the_fake_engine_keeps_its_promises(promise, subject):
    await promise(subject)
