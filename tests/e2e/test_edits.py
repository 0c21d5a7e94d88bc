"""Edits of experts.yaml while a real service answers: two gateways, two slots, scripted engines."""

import contextlib
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.e2e.scripted_service import BROKEN, SLOW
from tests.e2e.service import Service
from tests.free_ports import free_port
from tests.registries import write_model

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

TWO = "{name: local, count: 2, memory_gib: 4, engine_overhead_gib: 0.25}"


class Site:
    """A service and the file it is edited by."""

    num_gateways = 2
    #: Settings of the service, and what every request has.
    environment: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "experts.yaml"
        self.write(self.expert("steady"), self.expert("edited"), self.scripted(0))
        self.start()

    def start(self) -> None:
        """Start a service, on what an earlier one stored."""
        self.service = Service(
            self.file,
            port=free_port(),
            folder=self._folder / "data",
            gateways=self.num_gateways,
            program="tests.e2e.scripted_service",
            environment=self.environment,
        ).await_ready()
        self.client = self.caller()

    def stop(self) -> None:
        """End the service; what it stored stays."""
        self.client.close()
        self.service.stop()

    def caller(self) -> httpx.Client:
        """One who may ask."""
        return httpx.Client(
            base_url=self.service.url, timeout=30, trust_env=False, headers=self.headers
        )

    def expert(self, id_: str, model: str | None = None, *, num_bytes: int = 64, **more) -> str:
        """An entry of a slot's expert; models of one size are siblings."""
        model = model or id_
        folder = write_model(self._folder / "models" / model, num_bytes=num_bytes)
        return json.dumps({"id": id_, "model": str(folder)} | more)

    def scripted(self, edition: int) -> str:
        """An entry of an expert that runs in the gateways; every word names its edition."""
        says = " ".join([f"edition{edition}"] * 8)
        engine = {"kind": "fake", "says": says, "token_delay_ms": 2}
        return json.dumps({"id": "scripted", "engine": engine})

    def write(self, *experts: str, slots: tuple[str, ...] = (TWO,)) -> str:
        self.slots = slots
        entries = ["experts:", *(f"  - {one}" for one in experts)]
        text = "\n".join([*entries, "slots:", *(f"  - {one}" for one in slots), ""])
        self.file.write_text(text)
        return text

    def state(self) -> dict:
        reply = self.client.get("/admin/registry")
        if reply.is_error:  # with what it says, which names who refused
            raise httpx.HTTPStatusError(reply.text, request=reply.request, response=reply)
        return reply.json()["rollout"]

    def live(self) -> int:
        return self.state()["live"]["number"]

    def await_live(self, text: str, *, within_s: float = 60.0) -> int:
        """The number of the generation of this text, once it is live on every gateway."""
        deadline_s = time.monotonic() + within_s
        while True:
            with contextlib.suppress(httpx.HTTPError):
                state = self.state()
                live = self.client.get("/admin/registry/text").text
                # A Conductor that has just begun does not say yet what is live.
                is_told = state is not None and state["live"] is not None
                if is_told and live == text and state["preparing"] is None:
                    return state["live"]["number"]
            assert time.monotonic() < deadline_s, self.client.get("/admin/registry").text
            time.sleep(0.05)

    def await_error(self, named: str, *, within_s: float = 60.0) -> None:
        deadline_s = time.monotonic() + within_s
        while named not in json.dumps(self.state()["last_error"]):
            assert time.monotonic() < deadline_s, self.state()
            time.sleep(0.05)


@dataclass
class Load:
    """Callers without a pause, and what they were told."""

    site: Site
    models: tuple[str, ...]
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self, *, streams: bool = True, num_callers: int = 6):
        over = threading.Event()
        with ThreadPoolExecutor(num_callers) as pool:
            for number in range(num_callers):
                pool.submit(self._call, over, streams and number % 2 == 0)
            try:
                yield self
            finally:
                over.set()

    def check(self) -> None:
        """No failure; one definition a reply; one definition a generation and model."""
        assert self.failures == []
        assert [words for _, _, words in self.answers if len(set(words.split())) != 1] == []
        told: dict[tuple[str, str], set[str]] = {}
        for model, generation, words in self.answers:
            told.setdefault((generation, model), set()).add(words)
        assert {where: found for where, found in told.items() if len(found) > 1} == {}

    def _call(self, over: threading.Event, is_streamed: bool) -> None:
        with self.site.caller() as client:
            while not over.is_set():
                for model in self.models:
                    self._ask(client, model, is_streamed)

    def _ask(self, client: httpx.Client, model: str, is_streamed: bool) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": "x"}]}
        body["stream"] = is_streamed
        try:
            reply = client.post("/v1/chat/completions", json=body)
        except httpx.HTTPError as error:
            self.failures.append(repr(error))
            return
        if reply.status_code != 200:
            self.failures.append(f"{reply.status_code} {reply.text}")
            return
        words = _streamed(reply.text) if is_streamed else _whole(reply.text)
        self.answers.append((model, reply.headers["x-orchestrator-generation"], words))


def _whole(text: str) -> str:
    return json.loads(text)["choices"][0]["message"]["content"]


def _streamed(text: str) -> str:
    events = [line.removeprefix("data: ") for line in text.splitlines() if line[:6] == "data: "]
    chunks = [json.loads(event) for event in events if event != "[DONE]"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


def test_edits_under_load_fail_no_request_and_mix_no_generations(site):
    with Load(site, ("steady", "edited", "scripted")).running() as load:
        for number in range(1, 13):
            added = [site.expert(f"added-{number}")] if number % 3 == 0 else []
            edited = site.expert("edited", f"edited-{number % 4}", num_bytes=64 + 64 * (number % 2))
            text = site.write(site.expert("steady"), edited, site.scripted(number), *added)
            site.await_live(text)
            if number % 4 == 0:
                site.file.write_text(text.replace("experts:", "expert:"))
                site.await_error("expert")
                assert site.live()
                site.file.write_text(text)

    load.check()
    assert len({words for model, _, words in load.answers if model == "edited"}) >= 4
    assert len({words for model, _, words in load.answers if model == "scripted"}) >= 12


def test_an_engine_that_does_not_start_is_told_with_its_slot_and_nothing_changes(site):
    before = site.live()

    site.write(site.expert("steady"), site.expert("new", f"{BROKEN}-one", num_bytes=256))
    site.await_error("is broken")

    assert "slot local-" in json.dumps(site.state()["last_error"])
    assert site.live() == before


def slow_edit(site: Site, name: str) -> str:
    """An edit whose engine takes a while; returns once it is being prepared."""
    text = site.write(
        site.expert("steady"),
        site.expert("edited"),
        site.scripted(0),
        site.expert(
            "late",
            f"{SLOW}-{name}",
            num_bytes=512,
            engine={"kind": "vllm", "kv_cache_gib": len(name) / 9},
        ),
    )
    deadline_s = time.monotonic() + 20
    while site.state()["preparing"] is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return text


def test_a_worker_killed_during_an_edit_fails_no_request_and_does_not_stop_it(site):
    site.await_live(site.write(site.expert("steady"), site.expert("edited"), site.scripted(0)))
    with Load(site, ("steady", "edited", "scripted")).running(streams=False) as load:
        text = slow_edit(site, "a")
        site.service.killers.kill("worker", slot="local-1")
        site.await_live(text, within_s=60)

    load.check()


def test_a_conductor_killed_during_an_edit_fails_no_request_and_the_edit_comes_again(site):
    with Load(site, ("steady", "scripted")).running() as load:
        text = slow_edit(site, "bb")
        site.service.killers.kill("conductor")
        site.await_live(text, within_s=60)

    load.check()


def test_a_conductor_killed_under_load_is_rebuilt_from_the_workers_and_takes_the_next_edit(site):
    site.await_live(site.write(site.expert("steady"), site.scripted(0)))
    workers = site.service.workers()
    with Load(site, ("steady", "scripted")).running() as load:
        site.service.killers.kill("conductor")
        text = site.write(site.expert("steady"), site.expert("sibling"), site.scripted(0))
        site.await_live(text)
        load.models = ("steady", "sibling", "scripted")
        deadline_s = time.monotonic() + 30
        while "sibling" not in {model for model, _, _ in load.answers}:
            assert time.monotonic() < deadline_s, load.failures
            time.sleep(0.05)

    load.check()
    assert site.service.workers() == workers


def test_redis_killed_during_an_edit_fails_no_request_and_the_edit_is_not_lost(site):
    with Load(site, ("steady", "scripted")).running() as load:
        text = slow_edit(site, "ccc")
        site.service.killers.kill("redis")
        site.await_live(text, within_s=60)

    load.check()


def test_a_gateway_killed_comes_back_with_what_is_live(site):
    text = site.write(site.expert("steady"), site.scripted(77))
    number = site.await_live(text)

    site.service.killers.kill("gateway")
    with Load(site, ("scripted",)).running(streams=False, num_callers=2) as load:
        deadline_s = time.monotonic() + 60
        while sum(told == str(number) for _, told, _ in load.answers) < 50:
            assert time.monotonic() < deadline_s
            time.sleep(0.1)

    assert {words.split()[0] for _, _, words in load.answers} == {"edition77"}


def with_slots(site: Site, *slots: str) -> str:
    """Write the file as it is at first, but for its slots."""
    other = site.expert("other", num_bytes=128)
    return site.write(site.expert("steady"), other, site.scripted(0), slots=slots)


def await_workers(site: Site, *names: str, within_s: float = 60.0) -> None:
    """Wait until just these slots have a process each."""
    deadline_s = time.monotonic() + within_s
    while (found := sorted(site.service.workers())) != sorted(names):
        assert time.monotonic() < deadline_s, found
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("slots", "workers"),
    [
        (("{name: local, memory_gib: 4}",), ["local"]),
        (("{name: local, count: 3, memory_gib: 4}",), ["local", "local-1", "local-2"]),
        (("{name: local, memory_gib: 3}",), ["local"]),
        (("{name: local, cpus: 2, memory_gib: 4}",), ["local@2cpus"]),
        (("{name: other, memory_gib: 4}",), ["other"]),
        ((TWO, "{name: other, memory_gib: 4}"), ["local", "local-1", "other"]),
        ((TWO,), ["local", "local-1"]),
    ],
    ids=["fewer", "three", "one again", "wider", "renamed", "another beside", "as at first"],
)
def test_slots_come_and_go_under_load_and_the_others_run_on(site, slots, workers):
    site.await_live(with_slots(site, *site.slots))
    before = site.service.workers()
    with Load(site, ("steady", "other", "scripted")).running() as load:
        site.await_live(with_slots(site, *slots), within_s=90)
        await_workers(site, *workers)

    load.check()
    after = site.service.workers()
    assert {name: pid for name, pid in after.items() if name in before} == {
        name: pid for name, pid in before.items() if name in after
    }


def test_a_conductor_killed_while_slots_change_fails_no_request_and_they_change(site):
    with Load(site, ("steady", "scripted")).running() as load:
        text = with_slots(site, TWO, "{name: more, count: 2, memory_gib: 4}")
        await_workers(site, "local", "local-1", "more", "more-1")
        site.service.killers.kill("conductor")
        site.await_live(text, within_s=90)
        text = with_slots(site, "{name: more, memory_gib: 4}")
        site.await_live(text, within_s=90)
        site.service.killers.kill("conductor")
        await_workers(site, "more", within_s=90)

    load.check()


def test_slots_without_room_are_refused_with_numbers_and_nothing_changes(site):
    before = site.live(), site.service.workers()

    with_slots(site, "{name: gpu, accelerators: 1, memory_gib: 4}")
    site.await_error("need 1 accelerators and 0 of 0 are free")

    assert (site.live(), site.service.workers()) == before
