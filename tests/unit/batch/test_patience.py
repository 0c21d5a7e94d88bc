"""Caps of time and lines of batches, whose calls are held for as long as it takes."""

from dataclasses import replace

import pytest

from orchestrator.compositions.base import Query
from orchestrator.compositions.generation import Generation
from orchestrator.engines.base import Text
from orchestrator.engines.fake import FakeEngine
from orchestrator.routing.limits import Limits
from tests.served import programs_of


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("is_patient", "left_s"),
    [pytest.param(False, 0.0, id="a caller"), pytest.param(True, 5.0, id="a batch")],
)
def test_time_passes_for_who_is_waited_for_alone(is_patient, left_s):
    clock = Clock()
    shared: Generation = replace(programs_of(FakeEngine())._shared, clock=clock)
    query = Query(
        id="q",
        model="math",
        prompt=Text(text="hi"),
        limits=Limits(max_latency_s=5.0),
        is_patient=is_patient,
    )
    course = shared.course(query)

    clock.now_s = 60.0

    assert course.ledger.left_s == left_s
    assert course.within(query.limits).ledger.left_s == left_s
