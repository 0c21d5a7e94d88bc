"""What the service says went wrong is an error of its code, whatever the tree grows to."""

import json

import pytest

import orchestrator.errors
from orchestrator.client import OrchestratorError, UnknownFailureError
from orchestrator.client.failures import failure

KINDS = [
    kind
    for name in orchestrator.errors.__all__
    if isinstance(kind := getattr(orchestrator.errors, name), type)
    and issubclass(kind, OrchestratorError)
]


def told(code: str, **more: object) -> OrchestratorError:
    body = {"error": {"message": "a sentence", "type": "t", "code": code, **more}}
    return failure(json.dumps(body).encode(), status=503, headers={"retry-after": "2.5"})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_code_of_the_service_is_an_error_with_its_code_and_whether_to_ask_again(kind):
    error = told(kind.code, param="model")

    assert (error.code, error.retryable) == (kind.code, kind.retryable)
    assert (error.message, error.param, error.retry_after_s) == ("a sentence", "model", 2.5)


def test_there_are_as_many_codes_as_the_service_has():
    assert len(KINDS) > 30


def test_a_code_of_a_newer_service_is_told_as_it_came():
    error = told("too_tired")

    assert type(error) is UnknownFailureError
    assert "too_tired" in str(error)
