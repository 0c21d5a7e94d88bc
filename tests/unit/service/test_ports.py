"""Ports are bound once, as a test, before anything starts."""

import socket
from dataclasses import astuple

import pytest

from orchestrator.errors import SetupError
from orchestrator.service import ports


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_busy_port_is_one_line_that_names_it_and_what_to_do(busy_port):
    with pytest.raises(SetupError, match=f"port {busy_port} on 127.0.0.1 is in use") as caught:
        ports.require_free("127.0.0.1", busy_port)

    assert "--port" in caught.value.message
    assert "\n" not in caught.value.message


def test_an_address_of_another_machine_is_refused_with_the_reason():
    with pytest.raises(SetupError, match=r"198\.51\.100\.7:8000 cannot be bound"):
        ports.require_free("198.51.100.7", 8000)


def test_all_chosen_ports_are_distinct_and_free():
    chosen = ports.choose("127.0.0.1", 19_999)

    numbers = astuple(chosen)
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        ports.require_free("127.0.0.1", number)


def test_the_gateways_block_holds_no_other_port():
    chosen = ports.choose("127.0.0.1", 19_999)

    block = range(chosen.gateways_first, chosen.gateways_last + 1)
    others = [getattr(chosen, name) for name in chosen.__slots__ if "gateways" not in name]
    assert len(block) == 64
    assert not set(block) & set(others)
