"""Whoever reads the reference of the SDK finds an example of everything it can do."""

import pytest

from orchestrator.client import AsyncClient, Client
from tests.docstring_examples import examples_of


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_public_method_has_an_example(kind):
    found = examples_of(kind)

    assert len(found) > 50
    assert [one.name for one in found if not one.code] == []


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_example_that_waits_is_of_the_asynchronous_client(kind):
    waiting = [one.name for one in examples_of(kind) if "await " in (one.code or "")]

    assert bool(waiting) == (kind is AsyncClient)
