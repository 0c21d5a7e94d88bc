"""A request that failed leaves nothing behind: what its upstream sent may be 16 MiB."""

import gc

import pytest

from orchestrator.engines.base import Call
from tests.faults.scripts import KINDS, Scripts
from tests.integration.faults.test_fallback import endpoint, once

pytestmark = pytest.mark.integration


def calls_left() -> int:
    return sum(type(one) is Call for one in gc.get_objects())  # no `__class__`, which may warn


@pytest.fixture
def uncollected():
    """No circle is collected meanwhile."""
    gc.collect()
    gc.disable()
    yield calls_left()
    gc.enable()


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_failed_request_is_gone_with_its_answer_without_a_collection(
    kind, is_streamed, uncollected
):
    async with endpoint(once(kind), continues="no", timeout_s=0.2) as subject:
        await subject.service.chat("hello", model="first", stream=is_streamed)

        assert calls_left() == uncollected


async def test_what_failed_before_somebody_else_answered_is_gone_too(uncollected):
    down = Scripts()
    down.tell(faults=("cut-before-head",), then=(), rate=1.0, seed=0)
    async with endpoint(down) as subject:
        response = await subject.service.chat("hello")

        assert response.status_code == 200
        assert calls_left() == uncollected
