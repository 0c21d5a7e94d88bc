"""Callers of a service that asks for no keys."""

from orchestrator.access.caller import ANYBODY
from orchestrator.access.keyring import Open


async def test_who_sends_no_key_owns_what_is_everybodys():
    assert await Open().caller_of(None) == await Open().caller_of("") == ANYBODY


async def test_a_key_is_known_again_and_cannot_be_read_from_its_owner():
    one, again, other = [
        await Open().caller_of(key) for key in ("Bearer one", "Bearer one", "Bearer two")
    ]

    assert one == again
    assert one.owner != other.owner
    assert "one" not in one.owner
