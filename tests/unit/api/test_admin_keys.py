import time

import pytest

from orchestrator.access.audit import MemoryAudit
from orchestrator.api.settings import ApiSettings
from tests.keyrings import ADMIN, Keys, bearer
from tests.served import Service, fault

PATH = "/admin/keys"


def serving(keys: Keys | None = None) -> Service:
    keys = keys or Keys()
    keys.clock.now_s = time.time()
    return Service(
        keyring=keys.ring(),
        keys=keys.records,
        audit=MemoryAudit(),
        settings=ApiSettings(admin="key"),
    )


async def made(service: Service, **wish) -> dict:
    response = await service.post(PATH, headers=ADMIN, **({"name": "ann"} | wish))
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_key_that_was_made_lets_its_holder_in_and_its_secret_is_told_once():
    service = serving()

    key = await made(service, terms={"models": ["math"]}, tags=["team"])

    header = bearer(f"Bearer {key['secret']}")
    assert (await service.chat(model="math", headers=header)).status_code == 200
    listed, shown = (
        await service.get(PATH, **ADMIN),
        await service.get(f"{PATH}/{key['id']}", **ADMIN),
    )
    assert listed.json()["are_asked_for"]
    assert [one["id"] for one in listed.json()["data"]] == [key["id"]]
    assert shown.json() == {name: value for name, value in key.items() if name != "secret"}
    assert shown.json()["terms"] == {"models": ["math"]}
    assert shown.json()["recognised_by"] == key["secret"][:13]
    digest = (await service.keys.every())[0].digest
    for told in (listed, shown):
        assert key["secret"] not in told.text
        assert digest not in told.text


@pytest.mark.parametrize(
    ("body", "param"),
    [
        pytest.param({}, "name", id="no name"),
        pytest.param({"name": ""}, "name", id="an empty name"),
        pytest.param({"name": "a", "secret": "mine"}, "secret", id="a secret of one's own"),
        pytest.param({"name": "a", "terms": {"budget": 1}}, "terms.budget", id="unknown term"),
        pytest.param({"name": "a", "terms": {"priority": 11}}, "terms.priority", id="too high"),
        pytest.param({"name": "a", "terms": {"exclude": ["demo"]}}, "terms.exclude[0]", id="kind"),
        pytest.param({"name": "a", "terms": {"budget_usd": 0}}, "terms.budget_usd", id="nothing"),
        pytest.param({"name": "a", "tags": [""]}, "tags", id="an empty tag"),
        pytest.param({"name": "a", "expires_s": -1}, "expires_s", id="before all time"),
        pytest.param({"name": "a", "terms": None}, "terms", id="null"),
    ],
)
async def test_what_is_no_key_is_refused_and_nothing_kept(body, param):
    service = serving()

    response = await service.post(PATH, headers=ADMIN, **body)

    assert response.status_code == 400
    assert fault(response)["param"].startswith(param.partition("[")[0])
    assert await service.keys.every() == []


async def test_names_that_mean_nobody_are_told():
    told = await made(
        serving(), terms={"models": ["math", "maths"], "exclude": ["tag:demo", "owner:us"]}
    )

    assert told["warnings"] == [
        "terms.models: 'maths' is no model of the live registry",
        "terms.exclude: 'tag:demo' means no expert of the live registry",
    ]


async def test_a_change_keeps_what_it_does_not_name():
    service = serving()
    key = await made(service, terms={"models": ["math"], "budget_usd": 5}, tags=["team"])

    async with service.client() as client:
        changed = await client.patch(
            f"{PATH}/{key['id']}",
            json={"terms": {"budget_usd": None, "max_concurrent": 2}},
            headers=ADMIN,
        )
        wrong = await client.patch(f"{PATH}/{key['id']}", json={"name": ""}, headers=ADMIN)

    assert changed.json()["terms"] == {"models": ["math"], "max_concurrent": 2}
    assert (changed.json()["name"], changed.json()["tags"]) == ("ann", ["team"])
    assert wrong.status_code == 400


async def test_a_revoked_key_stays_listed_and_a_forgotten_one_does_not():
    service = serving()
    one, other = await made(service), await made(service)

    async with service.client() as client:
        ended = await client.delete(f"{PATH}/{one['id']}", headers=ADMIN)
        gone = await client.delete(f"{PATH}/{other['id']}?forget=true", headers=ADMIN)
        again = await client.delete(f"{PATH}/{other['id']}", headers=ADMIN)
    await service.keyring.look()

    assert ended.json()["state"] == "revoked"
    assert gone.json() == {
        "object": "key.deleted",
        "id": other["id"],
        "deleted": True,
        "are_counts_forgotten": False,
    }
    assert (again.status_code, fault(again)["code"]) == (404, "not_found")
    rows = (await service.get(PATH, **ADMIN)).json()["data"]
    assert [(row["id"], row["state"]) for row in rows] == [(one["id"], "revoked")]
    for key in (one, other):
        answer = await service.chat(headers=bearer(f"Bearer {key['secret']}"))
        assert answer.status_code == 401


async def test_a_rotated_key_has_another_secret_and_is_the_same_key():
    service = serving()
    key = await made(service)

    after = (await service.post(f"{PATH}/{key['id']}/rotate", headers=ADMIN, grace_s=60)).json()
    await service.keyring.look()

    assert after["id"] == key["id"]
    assert after["secret"] != key["secret"]
    for secret in (key["secret"], after["secret"]):
        assert (await service.chat(headers=bearer(f"Bearer {secret}"))).status_code == 200
    async with service.client() as client:
        path = f"{PATH}/{key['id']}/rotate"
        assert (await client.post(path, headers=ADMIN)).status_code == 200
        assert (await client.post(path, json={"grace_s": -1}, headers=ADMIN)).status_code == 400
    await service.keyring.look()
    assert (await service.chat(headers=bearer(f"Bearer {after['secret']}"))).status_code == 401


async def test_a_secret_in_a_path_is_neither_found_nor_told_back():
    service = serving()
    secret = (await made(service))["secret"]

    async with service.client() as client:
        response = await client.delete(f"{PATH}/{secret}", headers=ADMIN)

    assert response.status_code == 400
    assert secret not in response.text
    assert secret not in (await service.get("/admin/audit", **ADMIN)).text


async def test_a_key_that_is_no_admin_s_makes_none():
    service = serving()
    secret = (await made(service))["secret"]

    refused = await service.post(PATH, headers=bearer(f"Bearer {secret}"), name="mine")

    assert refused.status_code == 403
    assert len(await service.keys.every()) == 1


async def test_every_action_is_in_the_audit_log_and_no_question_is():
    service = serving()
    key = await made(service)
    secret = key["secret"]
    await service.get(PATH, **ADMIN)
    await service.post(f"{PATH}/{key['id']}/rotate?wait=1&x={secret}", headers=ADMIN, grace_s=1)
    await service.post(PATH, headers=bearer(f"Bearer {secret}"), name="mine")
    await service.post(PATH, name="mine")
    await service.chat(headers=ADMIN)

    response = await service.get("/admin/audit", **ADMIN)

    rows = response.json()["data"]
    assert [(row["action"], row["who"], row["status"]) for row in rows] == [
        ("POST other", "", 401),
        ("POST /admin/keys", key["id"], 403),
        ("POST /admin/keys/{key_id}/rotate", "admin", 200),
        ("POST /admin/keys", "admin", 200),
    ]
    assert [row["told"] for row in rows[2:]] == [f"{key['id']}: 'ann'"] * 2
    assert rows[2]["asked"] == {"wait": "1"}
    assert {row["address"] for row in rows} == {"127.0.0.1"}
    assert secret not in response.text
