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
            model=model,
            text=text,
            expected=answer_to(text),
            is_streamed=number % 2 == 0,
            max_again=0,
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


@pytest.mark.parametrize(("num_refusals", "kind"), [(2, "answered"), (9, "refused")])
async def test_who_is_told_to_come_back_does_so_a_few_times_and_counts_once(num_refusals, kind):
    scripts, tally = Scripts(), Tally()
    scripts.tell(faults=(), then=["429-retry:0"] * num_refusals, rate=0.0, seed=0)
    question = Question(model="first", text="hi", expected=answer_to("hi"), is_streamed=True)
    async with (
        endpoint(scripts, continues="no") as subject,
        running(subject.service) as url,
    ):
        await ask_all(url, iter([question]), clients=1, timeout_s=20, tally=tally)

    assert tally.num_by_kind == {kind: 1}
    assert tally.num_again_by_model["first"] == {"overloaded": min(num_refusals, 3)}
