"""Operators' edits over HTTP, on a rollout in this process."""

import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.registry.generation_store import StoredGenerations
from tests.rollouts import UNWILLING, Site, text_of
from tests.served import Service, fault

YAML = {"content-type": "text/yaml"}


@asynccontextmanager
async def served(tmp_path, *experts: str):
    """A client of a service whose file names these experts; the site behind it; the file."""
    path = tmp_path / "experts.yaml"
    path.write_bytes(text_of(*(experts or ("maths",))))
    site = Site()
    async with Service(registry=await site.control(path)).client() as client:
        yield client, site, path


async def test_a_body_with_faults_is_400_with_every_place(tmp_path):
    async with served(tmp_path) as (client, site, _):
        body = b"version: 1\nexperts:\n  - {id: maths, engine: {kind: vlm}}\nslotz: []\n"
        response = await client.post("/admin/registry", content=body, headers=YAML)

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "registry_invalid")
    assert [(one["line"], one["column"], one["key"]) for one in error["faults"]] == [
        (3, 32, "experts[0].engine.kind"), (4, 1, "slotz"),
    ]  # fmt: skip
    assert error["faults"][0]["text"].startswith("request:3:32: experts[0].engine.kind: 'vlm'")
    assert await site.generations.live_number() == 1


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "image/png"])
async def test_a_body_of_another_type_is_refused_since_it_may_be_mangled(tmp_path, kind):
    async with served(tmp_path) as (client, _, _):
        headers = {"content-type": kind}
        response = await client.post("/admin/registry", content=text_of("code"), headers=headers)

    assert response.status_code == 400
    assert "--data-binary" in fault(response)["message"]


@pytest.mark.parametrize("tag", ["7", '"7"', 'W/"7"', "f" * 64])
async def test_an_edit_of_another_generation_is_409(tmp_path, tag):
    async with served(tmp_path) as (client, _, _):
        headers = YAML | {"if-match": tag}
        response = await client.post("/admin/registry", content=text_of("code"), headers=headers)

    assert response.status_code == 409
    assert fault(response)["code"] == "conflict"


async def test_a_precondition_that_is_none_is_400(tmp_path):
    async with served(tmp_path) as (client, _, _):
        response = await client.post("/admin/registry", headers={"if-match": "newest"})

    assert response.status_code == 400
    assert fault(response)["param"] == "if-match"


async def test_what_a_replica_cannot_serve_is_400_with_its_reason(tmp_path):
    async with served(tmp_path) as (client, site, _):
        site.crowd.breaks = UNWILLING
        response = await client.post("/admin/registry", content=text_of("code"), headers=YAML)
        state = (await client.get("/admin/registry")).json()["rollout"]

    assert (response.status_code, state["is_valid"], state["live"]["number"]) == (400, False, 1)
    assert state["last_error"]["message"] == UNWILLING.message


@pytest.mark.parametrize("number", [0, 9])
async def test_a_generation_that_is_not_kept_is_refused(tmp_path, number):
    async with served(tmp_path) as (client, _, _):
        back = await client.post("/admin/registry/rollback", json={"generation": number})
        text = await client.get(f"/admin/registry/text?generation={number}")

    assert (back.status_code, text.status_code) == ((404, 404) if number else (400, 400))


async def test_there_is_nothing_before_the_first_generation(tmp_path):
    async with served(tmp_path) as (client, _, _):
        response = await client.post("/admin/registry/rollback")

    assert "no earlier generation" in fault(response)["message"]


async def test_without_an_owner_the_replica_tells_what_it_serves_and_takes_no_edits():
    state = (await Service().get("/admin/registry")).json()

    assert state == {
        "generation": 7,
        "num_experts": 4,
        "num_compositions": 1,
        "num_routers": 1,
        "num_slots": 2,
        "rollout": None,
        "rollout_unavailable": None,
    }
    assert (await Service().post("/admin/registry")).status_code == 405


async def test_without_the_store_the_state_is_told_all_the_same(tmp_path):
    async with served(tmp_path) as (client, site, _):
        await site.store.close()
        edit = await client.post("/admin/registry", content=text_of("code"), headers=YAML)
        state = await client.get("/admin/registry")

    assert (edit.status_code, state.status_code) == (503, 200)
    assert state.json()["rollout"]["live"]["number"] == 1


async def test_a_body_becomes_the_registry_and_the_answer_says_what_changed(tmp_path):
    async with served(tmp_path, "maths") as (client, site, _):
        response = await client.post("/admin/registry", content=text_of("code"), headers=YAML)
        text = await client.get("/admin/registry/text")

    answer = response.json()
    assert (answer["outcome"], answer["generation"], answer["file_differs"]) == ("live", 2, True)
    assert answer["diff"]["experts"] == {
        "added": ["code"], "removed": ["maths"], "changed": [], "is_reordered": False,
    }  # fmt: skip
    assert (text.content, text.headers["etag"]) == (text_of("code"), '"2"')
    assert site.crowd.noted == [1, 2]


async def test_json_is_yaml_too(tmp_path):
    body = json.dumps({"experts": [{"id": "code", "engine": {"kind": "fake"}}]}, indent=1)
    async with served(tmp_path) as (client, _, _):
        headers = {"content-type": "application/json"}
        response = await client.post("/admin/registry", content=body, headers=headers)

    assert response.json()["outcome"] == "live"


async def test_without_a_body_the_file_is_read_again(tmp_path):
    async with served(tmp_path) as (client, _, path):
        path.write_bytes(text_of("maths", "code"))
        response = await client.post("/admin/registry")
        state = (await client.get("/admin/registry")).json()["rollout"]

    assert (response.json()["outcome"], response.json()["file_differs"]) == ("live", False)
    assert (state["live"]["source"], state["file"]["path"]) == ("file", str(path))


async def test_who_does_not_wait_hears_that_it_is_on_its_way(tmp_path):
    async with served(tmp_path) as (client, site, _):
        site.crowd.hold()
        content = text_of("code")
        response = await client.post("/admin/registry?wait=false", content=content, headers=YAML)
        state = (await client.get("/admin/registry")).json()["rollout"]
        site.crowd.is_free.set()
        await site.rollout.close()

    assert (response.json()["outcome"], response.json()["generation"]) == ("preparing", 2)
    assert state["preparing"]["waiting_for"] == {"slot 'local'": "engine 'maths' starts"}


async def test_a_dry_run_says_what_would_change_and_changes_nothing(tmp_path):
    async with served(tmp_path) as (client, site, _):
        content = text_of("code")
        response = await client.post("/admin/registry?dry_run=true", content=content, headers=YAML)

    assert (response.json()["outcome"], response.json()["generation"]) == ("valid", 1)
    assert response.json()["diff"]["experts"]["added"] == ["code"]
    assert site.crowd.prepared == [1]


async def test_a_rollback_is_a_new_generation_and_the_file_stays_as_it_is(tmp_path):
    async with served(tmp_path, "maths") as (client, _, path):
        path.write_bytes(text_of("code"))
        await client.post("/admin/registry")
        response = await client.post("/admin/registry/rollback")
        listed = (await client.get("/admin/registry/generations")).json()["data"]

    assert (response.json()["generation"], response.json()["file_differs"]) == (3, True)
    assert path.read_bytes() == text_of("code")
    assert [(one["number"], one["source"], one["restores"]) for one in listed] == [
        (3, "rollback", 1), (2, "file", None), (1, "file", None),
    ]  # fmt: skip


async def test_two_generations_or_the_file_are_compared(tmp_path):
    async with served(tmp_path, "maths") as (client, _, path):
        path.write_bytes(text_of("code"))
        with_file = (await client.get("/admin/registry/diff")).json()
        await client.post("/admin/registry")
        backwards = (await client.get("/admin/registry/diff?from=2&to=1")).json()

    assert with_file["experts"]["added"] == ["code"]
    assert backwards["experts"]["added"] == ["maths"]


async def test_edits_are_for_callers_on_this_machine(tmp_path):
    path = tmp_path / "experts.yaml"
    path.write_bytes(text_of("maths"))
    service = Service(registry=await Site().control(path), peer="10.0.0.9")

    assert (await service.post("/admin/registry")).status_code == 403
    assert (await service.post("/admin/registry/rollback")).status_code == 403


@pytest.mark.parametrize("path", ["/admin/registry", "/admin/registry/rollback"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[::1", "http://x:1"])
async def test_pages_of_a_browser_on_this_machine_may_not_edit(tmp_path, path, origin):
    async with served(tmp_path) as (client, _, _):
        refused = await client.post(path, headers={"origin": origin})
        own = await client.post("/admin/registry", headers={"origin": "http://localhost:8000"})

    assert (refused.status_code, own.status_code) == (403, 200)


async def test_what_is_told_of_a_generation_fits_what_the_store_has(tmp_path):
    async with served(tmp_path) as (client, site, _):
        state = (await client.get("/admin/registry")).json()["rollout"]["live"]

    assert [state] == [
        one.model_dump(mode="json") for one in await StoredGenerations(site.store).history()
    ]
