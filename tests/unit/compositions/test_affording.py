"""What the rest of a request's account has room for."""

from dataclasses import replace

import pytest

from orchestrator.compositions.admission import Admission
from orchestrator.compositions.affording import has_left, with_fewer
from orchestrator.compositions.asks import Ask
from orchestrator.compositions.base import Query
from orchestrator.compositions.generation import Generation
from orchestrator.compositions.staging import Staging
from orchestrator.engines.base import Sampling
from orchestrator.engines.fake import FakeEngine
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import Pool, ask


def begun(**caps: float) -> tuple[Generation, Query, Staging]:
    """A generation, a request with these caps, and its stages."""
    registry = Pool().programs().registry
    shared = Generation(
        number=1,
        registry=registry,
        admission=Admission(registry),
        dispatch=FakeEngine(),
        version_by_id={expert.id: expert.version for expert in registry.experts},
        prices={},
    )
    query = ask("hi", limits=Limits(**caps))
    query = replace(query, course=shared.course(query))
    return shared, query, Staging(shared, query, composition_id="auto", stages=[])


def drawn(num: int, expert: str = "large") -> Ask:
    return Ask(expert=expert, sampling=Sampling(n=num, max_tokens=2))


# An answer of `large`: 2 tokens at 10 USD a million and 74 of the prompt at 1 USD a million.
@pytest.mark.parametrize(
    ("cap_usd", "num"), [(1e-9, 1), (1.0, 12), (1.6e-4, 4)], ids=["none", "all", "some"]
)
def test_as_many_answers_are_asked_for_as_the_caps_allow(cap_usd, num):
    _, _, staging = begun(max_price_usd=cap_usd)

    assert with_fewer(staging, drawn(12)).sampling.n == num


def test_calls_that_fit_one_by_one_may_not_fit_together():
    shared, query, staging = begun(max_calls=1)

    assert has_left(shared, staging, query, [drawn(1)])
    assert not has_left(shared, staging, query, [drawn(1), drawn(1)])
    assert staging.ledger.reached == ("max_calls",)


def test_a_composition_is_a_call_at_least():
    shared, query, staging = begun(max_calls=1)
    shared = replace(shared, programs={"inner": Pool().programs()})

    assert has_left(shared, staging, query, [drawn(1, "inner")])
    assert not has_left(shared, staging, query, [drawn(1), drawn(1, "inner")])
