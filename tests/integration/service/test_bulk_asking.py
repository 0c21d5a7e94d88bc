"""Rows put to a service over real HTTP: busy, refusing, gone."""

from itertools import count

import pytest

from orchestrator.batch.line import LineFault
from orchestrator.client.retrying import Retries
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.errors import ContentPolicyError, OverloadedError, SetupError
from orchestrator.service.bulk.asking import Asking, Service
from orchestrator.service.bulk.reading import PlacedRow
from orchestrator.service.bulk.row import Row
from tests import served

pytestmark = pytest.mark.integration

RETRIES = Retries(max_attempts=3, first_wait_s=0.001, longest_wait_s=0.001)
BODY = b'{"model": "math", "messages": [{"role": "user", "content": "1+1?"}]}'


def placed(body=BODY, fault=None):
    row = Row(place=0, custom_id="a", url="/v1/chat/completions", body=body, fault=fault)
    return PlacedRow(row=row, path="a.jsonl", number=1)


async def answered(script, row):
    """What came of a row, and how often the expert was asked."""
    engine = FakeEngine(script=script)
    async with served.running(served.Service(engine=engine)) as url:
        service = Service(url=url, retries=RETRIES)
        async with Asking(service, at_once=1) as asking:
            return await asking.answer(row, order=7), list(engine.calls)


async def test_a_busy_service_is_asked_again_and_told_that_others_go_first():
    tries = count(1)

    def script(_):
        return Script(says="2", fails=OverloadedError("full") if next(tries) < 3 else None)

    answer, calls = await answered(script, placed())

    assert answer.fault is None
    assert answer.reply is not None
    assert answer.reply.request_id
    assert b'"2"' in answer.reply.body
    assert [(call.priority, call.order) for call in calls] == [(-10, 7)] * 3


async def test_a_service_that_stays_busy_is_the_rows_fault_in_the_end():
    answer, calls = await answered(
        lambda _: Script(says="", fails=OverloadedError("full")), placed()
    )

    assert answer.fault is not None
    assert answer.fault.code == "overloaded"
    assert answer.reply is not None
    assert answer.reply.status_code == 503
    assert len(calls) == 3


async def test_what_is_refused_is_not_asked_again():
    answer, calls = await answered(
        lambda _: Script(says="", fails=ContentPolicyError("no")), placed()
    )

    assert answer.fault is not None
    assert answer.fault.code == "content_policy_violation"
    assert len(calls) == 1


async def test_a_row_with_a_fault_is_never_asked():
    fault = LineFault(code="invalid_line", message="no")

    answer, calls = await answered(lambda _: Script(says="2"), placed(fault=fault))

    assert (answer.fault, answer.reply, calls) == (fault, None, [])


async def test_a_service_that_is_gone_ends_the_run_and_fails_no_row():
    async with Asking(Service(url="http://127.0.0.1:9", retries=RETRIES), at_once=1) as asking:
        with pytest.raises(SetupError, match="cannot be reached any more: start it again"):
            await asking.answer(placed(), order=0)
