import socket

import pytest
from aiohttp.abc import AbstractResolver

from orchestrator.guards.connecting import GuardedResolver, RefusedAddressError, refused
from orchestrator.guards.policy import policy_of


class Names(AbstractResolver):
    """Knows what it was told; a name's next answer may be another."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0}
            for one in addresses
        ]

    async def close(self):
        self._answers.clear()


async def test_a_name_at_public_addresses_is_found():
    resolver = GuardedResolver(policy_of({"public"}), Names(("8.8.8.8", "8.8.4.4")))

    assert [one["host"] for one in await resolver.resolve("x")] == ["8.8.8.8", "8.8.4.4"]


@pytest.mark.parametrize("among", [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("fe80::1%eth0",)])
async def test_a_name_with_one_address_that_must_not_be_reached_is_refused(among):
    resolver = GuardedResolver(policy_of({"public"}), Names(among))

    with pytest.raises(RefusedAddressError, match="host 'x' is"):
        await resolver.resolve("x")


async def test_a_name_that_means_another_address_the_second_time_is_refused_then():
    resolver = GuardedResolver(policy_of({"public"}), Names(("8.8.8.8",), ("169.254.169.254",)))
    await resolver.resolve("x")

    with pytest.raises(RefusedAddressError, match="metadata"):
        await resolver.resolve("x")


async def test_a_name_that_is_allowed_is_found_anywhere():
    resolver = GuardedResolver(policy_of({"public"}, "x"), Names(("10.0.0.1",)))

    assert [one["host"] for one in await resolver.resolve("x")] == ["10.0.0.1"]


def test_a_refusal_is_found_behind_what_was_made_of_it():
    refusal = RefusedAddressError("no")
    outer = OSError("outer")
    outer.__cause__ = refusal

    assert refused(outer) is refusal
    assert refused(OSError("another")) is None
