import pytest

from orchestrator.api.from_here import is_loopback
from orchestrator.api.settings import ApiSettings
from tests.served import Service, fault


async def test_recent_decisions_are_newest_first():
    service = Service()
    await service.chat(model="math")
    await service.chat(model="plain")

    listed = (await service.get("/admin/decisions?limit=5")).json()["data"]

    assert [record["expert"] for record in listed] == ["plain", "math"]


async def test_a_decision_is_found_by_the_id_in_the_answer_s_header():
    service = Service()
    answer = await service.chat()

    found = await service.get(f"/admin/decisions/{answer.headers['x-request-id']}")

    assert found.json()["expert"] == "math"


async def test_a_decision_that_is_not_there_is_404():
    response = await Service().get("/admin/decisions/r9")

    assert response.status_code == 404
    assert "'r9'" in fault(response)["message"]


async def test_the_number_of_decisions_has_bounds():
    response = await Service().get("/admin/decisions?limit=0")

    assert response.status_code == 400
    assert fault(response)["param"] == "limit"


REMOTE = {
    "peer": ("10.0.0.9", {}),
    "forwarded": ("127.0.0.1", {"x-forwarded-for": "10.0.0.9"}),
    "spoofed first hop": ("127.0.0.1", {"x-forwarded-for": "127.0.0.1, 10.0.0.9"}),
    "real ip": ("127.0.0.1", {"x-real-ip": "10.0.0.9"}),
    "standard header": ("127.0.0.1", {"forwarded": 'for="[2001:db8::1]:80";proto=http'}),
    "opaque": ("127.0.0.1", {"forwarded": "proto=http"}),
    "claims to be local": ("10.0.0.9", {"x-forwarded-for": "127.0.0.1"}),
    "unnamed": ("unknown", {}),
}


@pytest.mark.parametrize(("peer", "headers"), REMOTE.values(), ids=REMOTE)
async def test_callers_from_elsewhere_are_refused(peer, headers):
    response = await Service(peer=peer).get("/admin/registry", **headers)

    assert response.status_code == 403
    assert fault(response)["code"] == "forbidden"


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_callers_on_this_machine_pass(peer):
    response = await Service(peer=peer).get("/admin/registry", **{"x-forwarded-for": peer})

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
async def test_a_page_whose_name_was_made_to_mean_this_machine_is_refused(host):
    response = await Service().get("/admin/decisions", host=host)

    assert response.status_code == 403
    assert repr(host) in fault(response)["message"]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST.:80", "[::1]:8000"])
async def test_this_machine_s_own_names_pass(host):
    assert (await Service().get("/admin/decisions", host=host)).status_code == 200


async def test_admin_can_be_switched_off():
    response = await Service(settings=ApiSettings(admin="off")).get("/admin/registry")

    assert response.status_code == 403


@pytest.mark.parametrize("address", ["", "localhost", "0.0.0.0", "::", "127.0.0.1.evil.example"])
def test_only_loopback_addresses_are_loopback(address):
    assert not is_loopback(address)
