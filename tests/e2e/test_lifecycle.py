"""A service of scripted experts: starts, listens, stops, and leaves nothing behind."""

import asyncio
import json
import os
import re
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from orchestrator.service import ports
from orchestrator.store.link import RedisLink
from orchestrator.store.records import StoredRecord
from orchestrator.store.redis_records import RedisRecords
from orchestrator.store.redis_usage import RedisUsage
from orchestrator.store.server import RedisServer
from orchestrator.store.usage import UsageRow, Used
from tests.e2e.service import FAKES, LOOPBACK, Service, ask, listeners
from tests.faults.killers import until
from tests.free_ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    path = tmp_path_factory.mktemp("registry") / "experts.yaml"
    path.write_text(FAKES)
    return path


@pytest.fixture
def start(registry, tmp_path):
    started = []

    def start_one() -> Service:
        port = free_port()
        started.append(Service(registry, port=port, folder=tmp_path / str(port)))
        return started[-1]

    yield start_one
    for service in started:
        service.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def running(registry, tmp_path_factory):
    service = Service(registry, port=free_port(), folder=tmp_path_factory.mktemp("data"))
    service.await_ready()
    yield service
    service.stop()


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def assert_nothing_left(
    service: Service, processes: list[psutil.Process], *, within_s: float
) -> None:
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    assert [p for p in alive if not is_gone(p)] == []
    ports.require_free("127.0.0.1", service.port)
    assert not [p for p in psutil.process_iter() if listens_on(p, service.port)]


def listens_on(process: psutil.Process, port: int) -> bool:
    return port in {number for _, number in listeners(process)}


def test_the_ready_line_has_a_command_to_try(running):
    assert "curl http://127.0.0.1:" in running.lines[-1]
    assert ask(running.url, "one").json()["choices"][0]["message"]["content"] == "first answer"


def test_a_response_has_one_request_id(running):
    answer = ask(running.url, "one")

    (sent,) = answer.headers.get_list("x-request-id")
    assert sent == answer.headers["x-orchestrator-request-id"]


def test_every_listener_of_every_process_is_on_loopback(running):
    found = [address for process in running.processes() for address in listeners(process)]

    assert len(found) > 10
    assert {ip for ip, _ in found} <= LOOPBACK


def test_metrics_of_any_gateway_are_of_all_processes(running):
    ask(running.url, "one")

    metrics = httpx.get(f"{running.url}/metrics", trust_env=False).text

    assert 'orchestrator_requests_total{endpoint="/v1/chat/completions",expert="one"' in metrics


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-request-disconnect-disabled": "?1"}],
    ids=["plainly", "with the header that switches cancellation off"],
)
def test_a_client_that_hangs_up_before_its_answer_is_noticed_within_a_second(running, headers):
    before = num_hung_up(running)

    with pytest.raises(httpx.ReadTimeout):
        ask(running.url, "slow", timeout_s=0.5, headers=headers)

    deadline_s = time.monotonic() + 1.0
    while num_hung_up(running) == before:
        assert time.monotonic() < deadline_s


def test_a_head_beyond_all_bounds_is_refused_before_a_gateway_sees_it(running):
    answer = httpx.get(f"{running.url}/healthz", headers={"x": "a" * 40_000}, trust_env=False)

    assert answer.status_code == 400
    assert "x-orchestrator-request-id" not in answer.headers


def num_hung_up(service: Service) -> float:
    """Requests to the slow expert whose callers left."""
    metrics = httpx.get(f"{service.url}/metrics", trust_env=False).text
    labels = r'orchestrator_requests_total\{[^}]*expert="slow"[^}]*status="499"[^}]*\} (\S+)'
    return sum(float(count) for count in re.findall(labels, metrics))


def test_a_killed_redis_is_started_again_and_requests_go_on(running):
    running.killers.kill("redis")

    assert ask(running.url, "one").status_code == 200

    deadline_s = time.monotonic() + 30
    while httpx.get(f"{running.url}/admin/decisions", trust_env=False).status_code != 200:
        assert time.monotonic() < deadline_s
    assert "starting it again" in running.output


def test_a_killed_gateway_is_replaced(running):
    running.killers.kill("gateway")

    deadline_s = time.monotonic() + 60
    while status_of(running) != 200:
        assert time.monotonic() < deadline_s


def status_of(service: Service) -> int:
    """Of one request; 0 where HAProxy closed the connection for the client to try again."""
    try:
        answer = ask(service.url, "one")
    except httpx.RemoteProtocolError:
        return 0
    assert answer.status_code == 200 or answer.json()["error"]["code"]
    return answer.status_code


def test_a_busy_port_is_one_line_and_a_failure(running, registry, tmp_path):
    second = Service(registry, port=running.port, folder=tmp_path)

    assert second.wait() == 1
    assert second.output.count("\n") == 1
    assert f"port {running.port} on 127.0.0.1 is in use" in second.output


def test_two_services_run_at_once_and_sigterm_leaves_nothing_of_one(running, start):
    service = start().await_ready()
    processes = service.processes()

    began_s = time.monotonic()
    code = service.stop(signal.SIGTERM)

    assert code == 0
    assert_nothing_left(service, processes, within_s=15 - (time.monotonic() - began_s))
    assert ask(running.url, "one").status_code == 200


def test_requests_under_way_are_answered_and_written_down_before_the_service_stops(start, tmp_path):
    service = start().await_ready()
    with httpx.Client(base_url=service.url, timeout=30, trust_env=False) as client:
        asked = {"model": "slow", "max_tokens": 3, "stream": True}
        asked["messages"] = [{"role": "user", "content": "Hello"}]
        with client.stream("POST", "/v1/chat/completions", json=asked) as answer:
            lines = answer.iter_lines()
            next(lines)
            os.kill(service.keeper.pid, signal.SIGTERM)
            refused = until(lambda: turned_away(service), what="503 for whoever comes now")
            rest = list(lines)

    assert "data: [DONE]" in rest
    assert refused.json()["error"]["code"] == "unavailable"
    assert refused.headers["retry-after"] == "2"
    assert service.wait() == 0
    used, record = asyncio.run(_kept(tmp_path / str(service.port) / "redis"))
    assert [(row.expert, one.requests, one.completion_tokens) for row, one in used.items()] == [
        ("slow", 1, 3)
    ]
    assert (record.expert, record.status) == ("slow", 200)
    lives = lives_of(tmp_path / str(service.port) / "logs" / "orchestrator.log")
    assert {states[0] for states in lives.values()} == {"begun"}
    assert {states[-1] for states in lives.values()} == {"ended"}
    assert lives["gateway"][-2:] == lives["conductor"][-2:] == ["draining", "ended"]


def lives_of(log: Path) -> dict[str, list[str]]:
    """Process -> its states in order, as the log has them."""
    lives: dict[str, list[str]] = {}
    for line in map(json.loads, log.read_text().splitlines()):
        if line.get("action") == "life":
            lives.setdefault(line["process"], []).append(line["state"])
    return lives


def turned_away(service: Service) -> httpx.Response | None:
    answer = httpx.get(f"{service.url}/healthz", trust_env=False)
    return answer if answer.status_code == 503 else None


async def _kept(folder: Path) -> tuple[dict[UsageRow, Used], StoredRecord]:
    """What a store knows of today once its service has ended."""
    with RedisServer(folder, port=free_port()) as server:
        link = RedisLink(server.url)
        used = await RedisUsage(link).read([time.strftime("%Y%m%d", time.gmtime())])
        (record,) = await RedisRecords(link).recent(limit=1)
        await link.close()
    return used, record


def test_a_stream_that_outlasts_the_drain_ends_with_an_error_and_the_stop_is_a_success(start):
    service = start().await_ready()
    asked = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    with (
        httpx.Client(base_url=service.url, timeout=30, trust_env=False) as client,
        client.stream("POST", "/v1/chat/completions", json=asked) as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        os.kill(service.keeper.pid, signal.SIGTERM)
        rest = [line for line in lines if line.startswith("data: ")]

    assert service.wait() == 0
    assert "the service stops" in rest[-1]
    assert "data: [DONE]" not in rest


@pytest.mark.parametrize("which", ["keeper", "service"])
def test_sigkill_of_either_outer_process_leaves_nothing(start, which):
    service = start().await_ready()
    processes, folder = service.processes(), service.private_folder()

    processes[0 if which == "keeper" else 1].kill()

    assert_nothing_left(service, processes, within_s=15)
    assert not folder.exists()


def test_a_second_signal_during_the_start_ends_everything_at_once(start):
    service = start()
    while len(service.processes()) < 4:
        time.sleep(0.05)
    processes = service.processes()

    os.kill(service.keeper.pid, signal.SIGINT)
    os.kill(service.keeper.pid, signal.SIGTERM)

    assert_nothing_left(service, processes, within_s=5)
