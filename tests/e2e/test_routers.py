"""Routers made of routers in a real service: compared, edited while it answers, summed up."""

import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.service import Service
from tests.free_ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

LIMIT_S = 60.0
SUMS, WORDS = "answered by sums", "answered by words"
REGISTRY = f"""\
experts:
  - {{id: sums, engine: {{kind: fake, says: {SUMS}}}}}
  - {{id: words, engine: {{kind: fake, says: {WORDS}}}}}
  - {{id: french, engine: {{kind: fake, says: bonjour}}}}
routers:
  watched: {{kind: shadow, router: gate, shadows: [inner]}}
  gate:
    kind: rules
    rules:
      - {{name: tutor, when: {{system_matches: '(?i)tutor'}}, expert: words}}
    otherwise: {{router: tongue}}
  tongue: {{kind: language, experts: {{fr: french}}, otherwise: {{router: trial}}}}
  trial: {{kind: split, shares: {{inner: 1, other: 1}}}}
  inner:
    kind: rules
    rules:
      - {{name: digits, when: {{matches: '[0-9]'}}, expert: sums}}
    otherwise: {{expert: words}}
  other:
    kind: rules
    rules:
      - {{name: tools, when: {{has_tools: true}}, expert: french}}
    otherwise: {{router: inner}}
compositions:
  auto: {{kind: route, router: watched}}
"""
EDITED = REGISTRY.replace("'[0-9]'}, expert: sums", "'[0-9]'}, expert: words")


class Site:
    """A service and the file it is edited by."""

    def __init__(self, folder):
        self.file, self.data = folder / "experts.yaml", folder / "data"
        self.file.write_text(REGISTRY)
        port = free_port()
        self.service = Service(self.file, port=port, folder=self.data, gateways=2).await_ready()
        self.client = httpx.Client(base_url=self.service.url, timeout=30, trust_env=False)

    def ask(self, content, *, user="somebody", system=None, endpoint="chat/completions"):
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": content})
        body = {"model": "auto", "messages": messages, "user": user}
        return self.client.post(f"/v1/{endpoint}", json=body)

    def says(self, content, **options):
        reply = self.ask(content, **options)
        assert reply.status_code == 200, reply.text
        return reply.json()["choices"][0]["message"]["content"]

    def until(self, holds):
        """Ask again until it holds; there is no event to wait for in another process."""
        deadline_s = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < deadline_s, self.client.get("/admin/registry").text

    def count(self, name, **labels):
        """A counter over all processes, summed over the labels that are not given."""
        text = self.client.get("/metrics").text
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = re.findall(rf"^{name}\{{(.*?)\}} (\S+)$", text, re.MULTILINE)
        return sum(float(n) for found, n in lines if all(one in found for one in wanted))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    found = Site(tmp_path_factory.mktemp("routers"))
    yield found
    found.client.close()
    found.service.stop()


def test_each_level_decides_what_is_its_to_decide(site):
    assert site.says("2 + 3") == SUMS
    assert site.says("2 + 3", system="You are a Tutor.") == WORDS
    assert site.says("Pourquoi le ciel est-il bleu pendant la journée ?") == "bonjour"

    told = site.ask("2 + 3", endpoint="route").json()
    assert told["chosen_by"].startswith("gate/tongue/trial/")
    assert "rule 'digits' holds" in told["reasons"]


def test_a_shadow_is_counted_and_the_shares_of_a_split_are_seen(site):
    for number in range(40):
        site.says("good morning", user=f"caller {number}")

    arms = [
        site.count("orchestrator_routes_total", router="watched", chosen_by=f"gate/tongue/{name}")
        for name in ("trial/inner", "trial/other/inner")
    ]
    assert sum(arms) >= 40
    assert min(arms) >= 5  # of 40 draws at one half, fewer come once in ten million runs
    site.says("2 + 3", system="tutor")
    site.until(lambda: site.count("orchestrator_shadow_total", shadow="inner", agreed="no") >= 1)
    assert site.count("orchestrator_shadow_total", router="gate", agreed="yes") > 0


def test_an_edit_of_the_innermost_under_load_fails_no_request(site):
    done, seen = threading.Event(), []

    def asks():
        while not done.is_set():
            seen.append(site.ask("2 + 3"))

    with ThreadPoolExecutor(4) as pool:
        pending = [pool.submit(asks) for _ in range(4)]
        try:
            site.file.write_text(EDITED)
            site.until(lambda: {site.says("2 + 3") for _ in range(6)} == {WORDS})
        finally:
            done.set()
        for one in pending:
            one.result(LIMIT_S)

    answers = {reply.json()["choices"][0]["message"]["content"] for reply in seen}
    assert {reply.status_code for reply in seen} == {200}
    assert answers <= {SUMS, WORDS}


def test_a_bad_pattern_is_told_with_its_place_and_changes_nothing(site):
    site.file.write_text(EDITED.replace("'(?i)tutor'", r"'(\w)\1'"))

    site.until(lambda: "no back-references" in site.client.get("/admin/registry").text)

    assert site.says("2 + 3") == WORDS
    site.file.write_text(EDITED)


def test_the_log_is_summed_up(site):
    log = site.data / "logs" / "orchestrator.log"

    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.cli.main", "compare", str(log)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert re.search(r"^ *watched +gate/tongue/trial/other/inner +", done.stdout, re.MULTILINE)
    assert "shadow inner agrees with gate in" in done.stdout
