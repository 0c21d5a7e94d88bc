from ipaddress import ip_address

import pytest

from orchestrator.guards.addresses import kind_of

KINDS = {
    "public": ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
    "private": (
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd12::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b::10.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
    ),
    "loopback": ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1"),
    "link_local": ("169.254.1.1", "fe80::1", "::ffff:169.254.1.1"),
    "metadata": (
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
    ),
    "multicast": ("224.0.0.1", "239.1.1.1", "ff02::1"),
    "unspecified": ("0.0.0.0", "::", "::ffff:0.0.0.0"),
}
CASES = [(text, kind) for kind, texts in KINDS.items() for text in texts]


@pytest.mark.parametrize(("text", "kind"), CASES, ids=[text for text, _ in CASES])
def test_an_address_is_of_the_network_that_packets_to_it_end_in(text, kind):
    assert kind_of(ip_address(text)) == kind


def test_what_is_of_no_known_network_is_not_public():
    assert kind_of(ip_address("255.255.255.255")) != "public"
    assert kind_of(ip_address("240.0.0.1")) != "public"
    assert kind_of(ip_address("0.1.2.3")) != "public"
