"""A soak of some hundred requests against upstreams that fail: the whole is `make bench-soak`."""

import pytest

from bench.soak_client import Question, Tally, ask_all
from tests.faults.answers import answer_to
from tests.faults.scripts import KINDS, Scripts
from tests.integration.faults.test_fallback import endpoint
from tests.served import running

pytestmark = pytest.mark.integration

NUM = 240
#: Those that take longest are in the whole soak.
FAULTS = sorted(set(KINDS) - {"ok", "slow", "huge-line"})


def questions():
    for number in range(NUM):
        text = f"request {number}"
        model = ("auto", "first", "second")[number % 3]
        yield Question(
            model=model, text=text, expected=answer_to(text), is_streamed=number % 2 == 0
        )


def failing(seed: int) -> Scripts:
    scripts = Scripts()
    scripts.tell(faults=FAULTS, then=(), rate=0.15, seed=seed)
    return scripts


async def test_every_request_ends_in_its_own_answer_or_a_typed_error():
    tally = Tally()
    async with endpoint(failing(1), second=failing(2)) as subject, running(subject.service) as url:
        await ask_all(url, iter(questions()), clients=16, timeout_s=20, tally=tally)

    kinds = tally.num_by_kind
    assert tally.num_ended == NUM
    assert kinds["answered"] + kinds["refused"] == NUM, tally.seen
    assert kinds["answered"] > NUM / 2
