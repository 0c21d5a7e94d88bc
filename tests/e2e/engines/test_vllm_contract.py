import pytest

from tests.contract.engine_contract import Subject, promises

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]


@promises()
async def test_vllm_keeps_its_promises(promise, resident):
    host = await resident("first")

    await promise(
        Subject(
            engine=host,
            expert="first",
            num_in_flight=lambda: host.num_unfinished,
            max_context=256,
        )
    )
