"""Ports are bound once, as a test, before anything starts."""

import os
import socket
from dataclasses import astuple

import pytest

from orchestrator.errors import SetupError
from orchestrator.service import ports, settings


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


def test_private_ports_are_of_the_range_that_the_environment_names():
    before = os.environ.get(ports.VARIABLE)
    os.environ[ports.VARIABLE] = "18000-18399"
    try:
        chosen = ports.choose("127.0.0.1", 19_999)
    finally:
        os.environ.pop(ports.VARIABLE)
        os.environ.update({} if before is None else {ports.VARIABLE: before})

    private = [getattr(chosen, name) for name in chosen.__slots__ if name != "http"]
    assert all(number in range(18_000, 18_400) for number in private)


@pytest.mark.parametrize(
    "text", ["", "20000", "20000-", "a-b", "20000-20100", "30000-20000", "80-9000", "60000-70000"]
)
def test_a_range_that_is_none_is_refused_with_what_it_may_be(text):
    with pytest.raises(SetupError, match=r"'private_ports' is .*LOW-HIGH.*256 ports at least"):
        ports.span(text)


def test_the_settings_refuse_it_before_anything_starts():
    with pytest.raises(SetupError, match="'private_ports' is '1-2'"):
        settings.read({ports.VARIABLE: "1-2"})


def test_the_gateways_block_holds_no_other_port():
    chosen = ports.choose("127.0.0.1", 19_999)

    block = range(chosen.gateways_first, chosen.gateways_last + 1)
    others = [getattr(chosen, name) for name in chosen.__slots__ if "gateways" not in name]
    assert len(block) == 64
    assert not set(block) & set(others)
