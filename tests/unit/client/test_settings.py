"""Where the service is, and what a client is told of itself that cannot be."""

import pytest

from orchestrator.client import AsyncClient, Client, Retries
from orchestrator.client.settings import Settings
from orchestrator.errors import InvalidRequestError


@pytest.mark.parametrize(
    "given",
    ["http://host:8000", "http://host:8000/", "http://host:8000/v1", "http://host:8000/v1/"],
)
def test_the_address_that_other_clients_take_means_the_same_service(given):
    settings = Settings(base_url=given, timeout_s=1.0)

    assert settings.for_httpx()["base_url"] == "http://host:8000"


@pytest.mark.parametrize(
    "url",
    [
        "", "http://", "127.0.0.1:8000", "localhost:8000", "ftp://host", " http://host", "http://h:x",
        "http://host:99999", "http://host?a=b", "http://host#a", 7, None,
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_what_is_no_root_of_a_service_is_told_before_anything_is_asked(kind, url):
    with pytest.raises(InvalidRequestError, match=r"'http://127\.0\.0\.1:8000'") as caught:
        kind(url)

    assert caught.value.param == "base_url"
    assert repr(url) in caught.value.message


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), True, "1", None])
def test_what_is_no_time_to_wait_is_told_before_anything_is_asked(timeout_s):
    with pytest.raises(InvalidRequestError, match="must be a number of seconds above 0"):
        Client(timeout_s=timeout_s)


@pytest.mark.parametrize("timeout_s", [0, -1, "1"])
def test_what_is_no_time_to_wait_for_one_request_is_told_too(timeout_s):
    with Client() as client, pytest.raises(InvalidRequestError, match="seconds above 0"):
        client.chat("1+1?", timeout_s=timeout_s)


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "schlüssel"])
def test_a_key_that_no_header_holds_is_told_without_the_key(key):
    with pytest.raises(InvalidRequestError, match="'api_key' is empty or holds") as caught:
        Client(api_key=key)

    assert caught.value.param == "api_key"
    assert "schl" not in caught.value.message


@pytest.mark.parametrize(
    "given", [{"max_attempts": 0}, {"first_wait_s": -1}, {"longest_wait_s": -1}]
)
def test_retries_that_cannot_be_are_told(given):
    with pytest.raises(InvalidRequestError, match="'max_attempts' must be 1 or more"):
        Retries(**given)
