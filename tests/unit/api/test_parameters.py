import pytest
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming as ChatKeys,
)
from openai.types.completion_create_params import CompletionCreateParamsNonStreaming as TextKeys

from orchestrator.api.parameters import IGNORED, REFUSED, settle
from orchestrator.api.requests import ChatRequest, CompletionRequest
from orchestrator.errors import InvalidRequestError, UnsupportedParameterError


@pytest.mark.parametrize(
    ("keys", "model"),
    [(ChatKeys, ChatRequest), (TextKeys, CompletionRequest)],
    ids=["chat", "completions"],
)
def test_every_parameter_of_openai_is_served_ignored_or_refused(keys, model):
    ours = {*model.model_fields, *IGNORED, *REFUSED}

    assert set(keys.__annotations__) - ours == set()


def test_a_parameter_is_either_ignored_or_refused():
    assert not IGNORED.keys() & REFUSED.keys()


def test_ignored_parameters_are_named():
    assert settle({"store": True, "service_tier": "auto"}, known=()) == ("store", "service_tier")


def test_null_asks_for_nothing():
    assert settle({"store": None, "audio": None}, known=()) == ()


def test_a_refused_parameter_says_what_to_do_instead():
    with pytest.raises(UnsupportedParameterError, match="send `tools` instead") as caught:
        settle({"functions": []}, known=())

    assert caught.value.param == "functions"


def test_an_unknown_parameter_is_told_the_nearest():
    with pytest.raises(
        InvalidRequestError, match=r"unknown parameter 'temprature'; .*'temperature'"
    ):
        settle({"temprature": 1}, known=ChatRequest.model_fields)
