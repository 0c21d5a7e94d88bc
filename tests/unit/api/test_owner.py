"""Whose files and batches a request means."""

from starlette.requests import Request

from orchestrator.api.owner import owner_of


def request(*headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "headers": list(headers)})


def test_who_sends_no_key_owns_what_is_everybodys():
    assert owner_of(request()) == owner_of(request((b"authorization", b""))) == ""


def test_a_key_is_known_again_and_cannot_be_read_from_its_owner():
    first = owner_of(request((b"authorization", b"Bearer one")))

    assert first == owner_of(request((b"authorization", b"Bearer one")))
    assert first != owner_of(request((b"authorization", b"Bearer two")))
    assert "one" not in first
