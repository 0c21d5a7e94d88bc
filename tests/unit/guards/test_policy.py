from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.guards.policy import disguised, policy_of, url_fault

STRANGERS = policy_of({"public"})
OPERATORS = policy_of({"public", "private", "loopback"})

REFUSED = {
    "scheme": ("file:///etc/passwd", "no http(s) URL"),
    "no-scheme": ("//10.0.0.1/x", "no http(s) URL"),
    "gopher": ("gopher://10.0.0.1/", "no http(s) URL"),
    "no-host": ("http:///x", "no http(s) URL"),
    "credentials": ("http://user:secret@example.com/", "holds a user or a password"),
    "credentials-before-private": ("http://example.com@10.0.0.1/", "holds a user"),
    "private": ("http://10.0.0.1/x.png", "'10.0.0.1' is an address of a private network"),
    "loopback": ("https://127.0.0.1:8000/", "this machine itself"),
    "loopback-6": ("http://[::1]/", "this machine itself"),
    "mapped": ("http://[::ffff:127.0.0.1]/", "this machine itself"),
    "metadata": ("http://169.254.169.254/latest/", "metadata service"),
    "mapped-metadata": ("http://[::ffff:a9fe:a9fe]/", "metadata service"),
    "zone": ("http://[fe80::1%25eth0]/", "link-local"),
    "zero": ("http://0.0.0.0/", "no address of a host"),
    "decimal": ("http://2130706433/", "'2130706433' is 127.0.0.1 in disguise"),
    "octal": ("http://0177.0.0.1/", "is 127.0.0.1 in disguise"),
    "hex": ("http://0x7f000001/", "is 127.0.0.1 in disguise"),
    "hex-parts": ("http://0x7f.1/", "is 127.0.0.1 in disguise"),
    "short": ("http://127.1/", "is 127.0.0.1 in disguise"),
    "public-in-disguise": ("http://134744072/", "is 8.8.8.8 in disguise"),
    "full-width": ("http://\uff11\uff12\uff17.0.0.1/", "not written in letters"),
    "backslash": ("http://example.com\\@10.0.0.1/", "user or a password"),
    "bad-port": ("http://example.com:99999/", "no URL"),
    "bad-bracket": ("http://[::1/", "no URL"),
    "line-break": ("http://exa\nmple.com/", "not written in letters"),
}


@pytest.mark.parametrize(("url", "why"), REFUSED.values(), ids=REFUSED)
def test_a_url_that_must_not_be_fetched_is_told_why(url, why):
    fault = url_fault(url, STRANGERS)

    assert fault is not None
    assert why in fault
    assert "secret" not in fault


@pytest.mark.parametrize(
    "url",
    ["https://example.com/a.png", "http://8.8.8.8:8080/", "http://[2606:4700::1111]/", "http://x/"],
)
def test_names_and_public_addresses_pass(url):
    assert url_fault(url, STRANGERS) is None


def test_operators_may_name_private_addresses_and_no_metadata_service():
    assert url_fault("http://10.0.0.1:8000/v1", OPERATORS) is None
    assert url_fault("http://127.0.0.1:8000/v1", OPERATORS) is None
    assert "metadata" in (url_fault("http://169.254.169.254/v1", OPERATORS) or "")
    assert "link-local" in (url_fault("http://[fe80::1]/v1", OPERATORS) or "")


def test_a_host_that_is_allowed_may_be_anywhere():
    policy = policy_of({"public"}, "Images.Internal, 10.2.0.0/16, 169.254.169.254")

    assert policy.fault("images.internal.", ip_address("10.9.9.9")) is None
    assert policy.fault("other", ip_address("10.2.3.4")) is None
    assert policy.fault("other", ip_address("169.254.169.254")) is None
    assert policy.fault("other", ip_address("10.3.0.1")) is not None


def test_a_name_is_told_with_the_address_that_it_was_found_at():
    fault = STRANGERS.fault("innocent.example", ip_address("169.254.169.254"))

    assert fault == (
        "host 'innocent.example' is 169.254.169.254, the address of a cloud's metadata service"
    )


def test_a_network_with_host_bits_is_no_network():
    with pytest.raises(ValueError, match="host bits"):
        policy_of({"public"}, "10.1.2.3/8")


@given(st.text(max_size=40))
def test_any_text_as_a_url_is_judged_and_nothing_breaks(text):
    for url in (text, f"http://{text}/", f"http://a@{text}"):
        assert url_fault(url, STRANGERS) is None or url_fault(url, STRANGERS)
    disguised(text)
