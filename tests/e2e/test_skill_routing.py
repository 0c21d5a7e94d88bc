"""Skill routers in a real service of two gateways, and feedback that moves them and is reverted."""

import time

import pytest

from orchestrator.client import Client
from tests.e2e.service import Service
from tests.free_ports import free_port
from tests.skilled_registry import MODES, NUM_TO_CHANGE, write_skilled_registry

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

#: A gateway looks once a second; every answer of so many new connections comes from one of two.
WITHIN_S, NUM_ASKED = 15.0, 12


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("skilled")
    service = Service(
        write_skilled_registry(folder),
        port=free_port(),
        folder=folder / "data",
        gateways=2,
    ).await_ready()
    yield service
    service.stop()


def ask(service: Service, skills: str | None, *, model: str = "best"):
    """One request over a connection of its own, so that gateways take turns."""
    named = {} if skills is None else {"metadata": {"skills": skills}}
    with Client(service.url) as client:
        return client.chat("2+2?", model=model, **named)


def answering(service: Service) -> set[str]:
    """Who answers sums, as far as many requests show."""
    return {str(ask(service, "sum").origin.expert) for _ in range(NUM_ASKED)}


def await_answering(service: Service, expert: str) -> None:
    until_s = time.monotonic() + WITHIN_S
    while (found := answering(service)) != {expert}:
        assert time.monotonic() < until_s, found


@pytest.mark.parametrize("model", MODES)
def test_every_mode_sends_a_question_to_the_expert_of_its_skill(service, model):
    answers = [ask(service, skill, model=model) for skill in ("capital", "french")]

    assert [answer.text for answer in answers] == ["I am mapper", "I am linguist"]


@pytest.mark.parametrize("model", MODES)
def test_a_question_whose_skills_nobody_named_goes_to_the_general_expert(service, model):
    with Client(service.url) as client:
        told = client.route("2+2?", model=model)

    assert (told.chosen, told.needs_generation) == (("general",), True)
    assert ask(service, None, model=model).text == "I am general"


def test_feedback_changes_who_answers_and_reverted_changes_it_back(service):
    assert answering(service) == {"counter"}
    for _ in range(NUM_TO_CHANGE):
        answer = ask(service, "sum")
        with Client(service.url) as client:
            kept = client.feedback(str(answer.origin.request_id), score=0.0)
        assert kept.is_counted

    await_answering(service, "rival")
    with Client(service.url) as client:
        said = client.judgements.said()
    assert said.num_kept == NUM_TO_CHANGE
    assert all(one.weighs and one.labels == ("sum",) for one in said.data)

    with Client(service.url) as client:
        client.judgements.revert(said.data[0].giver)
    await_answering(service, "counter")
