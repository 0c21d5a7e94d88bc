"""Where rows are to be routed, looked at before Ray is."""

import socket

import pytest

from orchestrator.errors import SetupError
from orchestrator.service.bulk.node import joined, require_cluster


def test_what_answers_may_be_a_cluster():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        require_cluster(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1:9"),
        ("127.0.0.1:99999", "no Ray cluster answers"),
        ("ray://head:10001", "is not HOST:PORT"),
        ("head", "is not HOST:PORT"),
    ],
    ids=["nothing there", "no port", "Ray's client", "no port given"],
)
def test_what_is_no_cluster_is_told_at_once(address, told):
    with pytest.raises(SetupError, match=told), joined(address, num_workers=1, spill=None):
        pass
