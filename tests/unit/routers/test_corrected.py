from routers.base import Prompts, Traits
from routers.corrected import CorrectedRouter
from routers.feedback import Tally
from tests.unit.routers.test_skill import POOL, router

SUM = ("sum", "counter")
BAD = Tally(asked={SUM: 30.0}, right={SUM: 0.0}, max_share=1.0)


def score(found):
    prompts = Prompts(texts=["x"], candidates=POOL, traits=[Traits(skills=("sum",))])
    return found.route(prompts)[0].scores["counter"]


def test_what_is_heard_and_taken_back_leaves_no_trace():
    found = CorrectedRouter(router())
    before, version = score(found), found.version

    found.hear(BAD)
    heard = score(found)
    found.hear(Tally())

    assert heard < before
    assert (score(found), found.version) == (before, version)


def test_what_is_heard_takes_the_place_of_what_was_heard_before():
    found, other = CorrectedRouter(router()), CorrectedRouter(router())

    found.hear(Tally(asked={SUM: 3.0}, right={SUM: 3.0}))
    found.hear(BAD)
    other.hear(BAD)

    assert (score(found), found.version) == (score(other), other.version)
