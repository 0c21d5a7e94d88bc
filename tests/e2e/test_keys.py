"""Keys on a real service: two gateways, a runner and one store."""

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from orchestrator.client import Client
from tests.e2e.service import FAKES, Service
from tests.faults.killers import until
from tests.free_ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ADMIN_KEY = "e2e-admin-key-0123456789abcdef"
#: Ten tokens at 1 USD a million: with max_tokens 10 a call takes 0.00001 USD, its most.
PRICED = """\
  - id: paid
    engine: {kind: fake, says: "a b c d e f g h i j", token_delay_ms: 100}
    price: {output_usd_per_mtok: 1.0}
"""
CALL_USD = 10e-6


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    registry = folder / "experts.yaml"
    registry.write_text(FAKES.replace("token_delay_ms: 1000", "token_delay_ms: 200") + PRICED)
    port = free_port()
    service = Service(
        registry,
        port=port,
        folder=folder / "data",
        gateways=2,
        environment={"ORCHESTRATOR_KEYS": "required", "ORCHESTRATOR_ADMIN_KEY": ADMIN_KEY},
    )
    service.folder = folder / "data"
    yield service.await_ready()
    service.stop()


@pytest.fixture
def admin(service):
    with Client(service.url, api_key=ADMIN_KEY) as client:
        yield client.keys


def asked(service, secret: str | None, *, model: str = "one", **more) -> httpx.Response:
    """One request on a connection of its own, so that any gateway may get it."""
    headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]} | more
    return httpx.post(f"{service.url}/v1/chat/completions", json=body, headers=headers, timeout=30)


def statuses(service, secret: str, num: int) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: asked(service, secret).status_code, range(num)))


def test_strangers_get_health_and_nothing_else(service):
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    for secret in (None, "guess", ADMIN_KEY[:-1]):
        refused = asked(service, secret)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    assert httpx.get(f"{service.url}/admin/keys").status_code == 401


def test_a_key_of_100_kb_harms_nobody(service, admin):
    with contextlib.suppress(httpx.TransportError):  # the proxy may hang up on it
        assert 400 <= asked(service, "x" * 100_000).status_code < 500

    assert statuses(service, admin.create("ann").secret, 4) == [200] * 4


def test_a_new_key_works_on_every_gateway_at_once_and_ends_on_every_one_within_a_second(
    service, admin
):
    key = admin.create("ann", terms={"models": ["one"]})
    assert statuses(service, key.secret, 24) == [200] * 24
    assert asked(service, key.secret, model="slow").status_code == 404

    admin.revoke(key.id)
    revoked_s = asked_s = time.monotonic()
    while set(found := statuses(service, key.secret, 24)) != {401}:
        assert asked_s - revoked_s < 1.0, found  # what is promised, of when they were asked
        asked_s = time.monotonic()


def test_an_answer_under_way_outlives_its_key(service, admin):
    key = admin.create("ann")
    headers = {"authorization": f"Bearer {key.secret}"}
    body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "hi"}]}

    with httpx.stream(
        "POST", f"{service.url}/v1/chat/completions", json=body, headers=headers, timeout=30
    ) as stream:
        lines = stream.iter_lines()
        next(lines)
        admin.revoke(key.id)
        rest = [line for line in lines if line]

    assert rest[-1] == "data: [DONE]"
    assert asked(service, key.secret).status_code == 401


def test_a_batch_is_its_key_s_own_and_bound_by_its_terms(service, admin):
    own, other = admin.create("ann", terms={"models": ["one"]}), admin.create("ben")
    completed = _batch(service, own.secret, models=["one", "one"])
    failed = _batch(service, own.secret, models=["one", "slow"])

    assert completed["status"] == "completed"
    assert completed["request_counts"]["completed"] == 2
    assert failed["status"] == "failed"
    assert [(e["code"], e["line"]) for e in failed["errors"]["data"]] == [("model_not_found", 2)]
    with _client(service, other.secret) as http:
        assert http.get(f"/v1/batches/{completed['id']}").status_code == 404
        assert http.get("/v1/batches").json()["data"] == []


def test_what_operators_did_is_in_one_log_and_no_secret_is_anywhere(service, admin):
    key = admin.create("ann")
    with _client(service, ADMIN_KEY) as http:
        rows = http.get("/admin/audit").json()["data"]
    logs = service.folder / "logs"

    assert rows[0]["told"] == f"{key.id}: 'ann'"
    written = [json.loads(line) for line in (logs / "audit.log").read_text().splitlines()]
    assert [row["request_id"] for row in written[::-1]][: len(rows)] == [
        row["request_id"] for row in rows
    ]
    for secret in (ADMIN_KEY, key.secret):
        for path in logs.glob("*.log"):
            assert secret not in path.read_text(errors="replace"), path
        for process in service.keeper.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                assert secret not in " ".join(process.cmdline())
                if process.exe() != service.keeper.exe() or process.ppid() != service.keeper.pid:
                    assert secret not in " ".join(process.environ().values())


def test_a_batch_stops_at_the_budget_of_its_key_line_by_line(service, admin):
    key = admin.create("ann", terms={"budget_usd": 5 * CALL_USD})

    batch = _batch(service, key.secret, models=["paid"] * 12, max_tokens=10)
    refused = asked(service, key.secret, model="paid", max_tokens=10)

    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 12, "completed": 5, "failed": 7}
    with _client(service, key.secret) as http:
        told = http.get(f"/v1/files/{batch['error_file_id']}/content").text.splitlines()
    codes = {json.loads(line)["response"]["body"]["error"]["code"] for line in told}
    assert (len(told), codes) == (7, {"insufficient_quota"})
    assert refused.json()["error"]["code"] == "insufficient_quota"
    assert refused.json()["error"]["message"].startswith("0 USD are left of the 5e-05 USD")


def test_what_gateways_that_were_killed_had_under_way_stays_charged_and_frees_its_places(
    service, admin
):
    terms = {"max_concurrent": 4, "budget_usd": 5 * CALL_USD}
    key = admin.create("ann", terms=terms)
    with ThreadPoolExecutor(4) as pool, contextlib.ExitStack() as streams:
        begun = [pool.submit(_begun, service, key.secret, streams) for _ in range(4)]
        assert [one.result() for one in begun] == [200] * 4
        service.killers.kill_all("gateway")

    # The four leases end by themselves, so one more is let in; it takes the last of the budget.
    fifth = until(lambda: _let_in(service, key.secret), what="a place that is free again")
    refused = asked(service, key.secret, model="paid", max_tokens=10)

    assert fifth.status_code == 200
    assert refused.json()["error"]["code"] == "insufficient_quota"
    assert refused.json()["error"]["message"].startswith("0 USD are left")


def test_it_does_not_start_open_to_others_before_it_is_told_who_may_ask(tmp_path):
    registry = tmp_path / "experts.yaml"
    registry.write_text(FAKES)
    service = Service(
        registry,
        port=free_port(),
        folder=tmp_path / "data",
        environment={"ORCHESTRATOR_HOST": "0.0.0.0"},
    )

    assert service.wait() == 1
    assert "--keys required" in service.output
    assert "--keys off" in service.output


def _client(service, secret: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=service.url, headers=headers, timeout=30)


def _begun(service, secret: str, streams: contextlib.ExitStack) -> int:
    """Begin a stream that stays open; the status it began with."""
    http = streams.enter_context(_client(service, secret))
    body = {"model": "paid", "stream": True, "max_tokens": 10}
    body["messages"] = [{"role": "user", "content": "hi"}]
    stream = streams.enter_context(http.stream("POST", "/v1/chat/completions", json=body))
    next(stream.iter_raw())
    return stream.status_code


def _let_in(service, secret: str) -> httpx.Response | None:
    """An answer; nothing while there is no gateway, or no place among the requests."""
    try:
        answer = asked(service, secret, model="paid", max_tokens=10)
    except httpx.TransportError:
        return None
    return answer if answer.is_success else None


def _batch(service, secret: str, *, models: list[str], **more) -> dict:
    lines = [
        {
            "custom_id": f"q{at}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": model, "messages": [{"role": "user", "content": "hi"}], **more},
        }
        for at, model in enumerate(models)
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    with _client(service, secret) as http:
        file = http.post(
            "/v1/files", files={"file": ("a.jsonl", content)}, data={"purpose": "batch"}
        ).json()
        asked_for = {
            "input_file_id": file["id"],
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
        }
        batch = http.post("/v1/batches", json=asked_for).json()
        until_s = time.monotonic() + 60
        while batch["status"] not in ("completed", "failed", "expired", "cancelled"):
            assert time.monotonic() < until_s, batch
            time.sleep(0.1)
            batch = http.get(f"/v1/batches/{batch['id']}").json()
    return batch
