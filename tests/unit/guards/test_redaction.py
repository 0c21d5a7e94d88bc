import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.guards.redaction import BLOT, Redaction, blotted, without_login

SECRET = "canary-0123456789"

LEAKS = {
    "bearer": f"Authorization: Bearer {SECRET}",
    "basic": f"authorization: basic {SECRET}",
    "openai": f"Incorrect API key provided: sk-{SECRET}.",
    "service": f"key sk-orc-{SECRET} is not known",
    "redis": f"cannot connect to redis://:{SECRET}@store:6379/0",
    "s3": f"s3://user:{SECRET}@bucket/folder",
    "query": f"GET https://host/v1?api_key={SECRET}&x=1",
    "json": json.dumps({"api_key": SECRET, "n": 1}),
    "json-in-json": json.dumps({"message": json.dumps({"password": SECRET})}),
    "header": f"{{'x-api-key': '{SECRET}'}}",
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_what_looks_like_a_secret_is_blotted_out(text):
    told = Redaction()(text)

    assert SECRET not in told
    assert BLOT in told


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt_tokens":1234567,"first_token_s":0.1234567,"key_id":"key-1234567890"}',
        "max_tokens=256000 is more than the expert's context",
        "http://127.0.0.1:9000/v1 cannot be reached",
        "expert 'task-1234567' is asked",
    ],
)
def test_what_is_no_secret_stays(text):
    assert Redaction()(text) == text


def test_secrets_of_the_environment_are_known_by_name_and_in_urls():
    environ = {
        "UPSTREAM_API_KEY": "plain-words-1",
        "ORCHESTRATOR_STORE_URL": "redis://:p%40ss/word-1@store:6379/0",
        "HOME": "/home/somebody",
        "SHORT_TOKEN": "abc",
    }
    redacted = Redaction.of(environ)

    told = redacted("plain-words-1 p%40ss/word-1 p@ss/word-1 /home/somebody abc")

    assert told == f"{BLOT} {BLOT} {BLOT} /home/somebody abc"


def test_a_line_of_json_with_a_secret_of_odd_signs_stays_json():
    secret = 'qu"ote\\back é 123'

    line = Redaction([secret])(json.dumps({"message": f"it is {secret}!"}))

    assert json.loads(line) == {"message": f"it is {BLOT}!"}


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=4))
def test_any_line_of_json_stays_one(told):
    assert isinstance(json.loads(Redaction([SECRET])(json.dumps(told))), dict)


@pytest.mark.parametrize("at", range(8, len(SECRET) + 1))
def test_the_beginning_of_a_secret_that_a_cut_left_is_blotted_out(at):
    assert blotted(f"it said {SECRET[:at]}", SECRET) == f"it said {BLOT}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:1/0", "redis://host:1/0"),
        ("redis://user:se/cr@et@host/0", "redis://host/0"),
        ("redis://host/0", "redis://host/0"),
        ("user:secret@host", "host"),
    ],
)
def test_a_url_is_shown_without_its_login(url, shown):
    assert without_login(url) == shown
