import pytest

from orchestrator.errors import MissingExtraError
from orchestrator.store.server import find_redis_server


def test_the_redis_of_the_system_goes_first(tmp_path, monkeypatch):
    binary = tmp_path / "redis-server"
    binary.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_redis_server() == binary


def test_without_one_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.path", [])

    with pytest.raises(MissingExtraError, match=r"give store.url, or pip install"):
        find_redis_server()
