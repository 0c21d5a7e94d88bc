"""Where the service is."""

import pytest

from orchestrator.client.settings import Settings


@pytest.mark.parametrize(
    "given",
    ["http://host:8000", "http://host:8000/", "http://host:8000/v1", "http://host:8000/v1/"],
)
def test_the_address_that_other_clients_take_means_the_same_service(given):
    settings = Settings(base_url=given, timeout_s=1.0)

    assert settings.for_httpx()["base_url"] == "http://host:8000"
