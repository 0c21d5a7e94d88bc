"""Serve's replicas listen on all interfaces unless they are told otherwise."""

import inspect

import pytest
from ray.serve._private import replica

from orchestrator.service.loopback import keep_to_loopback

pytestmark = pytest.mark.integration


@pytest.fixture
def restored(monkeypatch):
    monkeypatch.setattr(replica, "add_port_to_grpc_server", replica.add_port_to_grpc_server)


class Server:
    """Remembers the addresses it was told to open."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def add_insecure_port(self, address: str) -> int:
        self.addresses.append(address)
        return 1


def test_the_replicas_own_port_opens_on_loopback(restored):
    server = Server()

    keep_to_loopback()
    keep_to_loopback()
    replica.add_port_to_grpc_server(server, "[::]:0")

    assert server.addresses == ["127.0.0.1:0"]


def test_ray_opens_that_port_as_we_know_it():

    assert 'add_port_to_grpc_server(self._server, "[::]:0")' in inspect.getsource(replica)
