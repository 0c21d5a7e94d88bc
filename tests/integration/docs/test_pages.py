"""What pages tell their reader to type is typed, and ends well."""

import asyncio
from pathlib import Path

import pytest

from tests.page_blocks import PAGES as ALL_PAGES
from tests.page_blocks import ROOT, blocks_of, furnish, typed
from tests.whole_service import whole_service

pytestmark = pytest.mark.integration

#: Pages that are typed by tests of their own.
TYPED_ELSEWHERE = {
    "docs/batches.md": "tests/integration/cli/test_batch_examples.py",
    "docs/cli.md": "tests/integration/cli/test_every_example.py",
}
PAGES = [page for page in ALL_PAGES if page not in TYPED_ELSEWHERE]
#: Languages that nobody types; tests/unit/test_pages.py reads them.
DATA = {"yaml", "json", "text"}
#: First lines of what cannot be run here, and why; the pages' own marks say the same.
NOT_RUN = {
    "make serve      # http://127.0.0.1:8000/v1, twenty small experts on vLLM; needs Python 3.11 "
    "and make": "tests/e2e/test_readme.py types the first; the second is what runs it",
    "$ curl -s http://127.0.0.1:8000/v1/route -H 'content-type: application/json' \\": (
        "tests/e2e/test_readme.py types it"
    ),
    '"stage":"attempt",   "state":"started","num_done":0,"num_calls":1,"models":["reverse"]': (
        "what a stream says; tests/e2e/test_composed_streams.py reads one"
    ),
    "orchestrator batch plan questions.jsonl       # what it would take, and who works when; "
    "generates nothing": "of a file of yours; docs/howto/batch.md has one, and is typed",
    "make serve": "starts real vLLM; the lifecycle tests of tests/e2e do it",
    "orchestrator models pull --all": "fetches from a hub",
    "orchestrator residency --watch": (
        "needs slots with engines; tests/integration/cli/test_slots_of_a_service.py runs these"
    ),
    "orchestrator profile questions.jsonl --out outcomes.parquet --grader text": (
        "asks real experts; tests/integration/cli/test_profile_of_a_service.py runs it"
    ),
    "orchestrator feedback list": (
        "ids of your own requests; tests/integration/cli/test_feedback_of_a_service.py runs it"
    ),
    "orchestrator batch run questions answers --registry experts.yaml": (
        "starts Ray and the experts of a registry; "
        "tests/integration/cli/test_batch_run_examples.py runs it"
    ),
    "orchestrator profile questions.jsonl --expert auto --expert careful --expert thrifty "
    "--out outcomes.parquet": "asks real experts; make bench-compositions measures every kind",
    "helm install kuberay-operator kuberay/kuberay-operator --namespace kuberay-system "
    "--create-namespace": "needs a Kubernetes cluster; tests/deploy renders what it installs",
    "make serve REGISTRY=deploy/demo/compositions.yaml": (
        "starts real vLLM; make bench-compositions does"
    ),
    "export ORCHESTRATOR_ADMIN_KEY=$(openssl rand -hex 32)": (
        "begins a service; tests/e2e/test_tenants_example.py does and types the rest"
    ),
    'python agent.py "How many pears and figs are there together?"': (
        "needs an expert that calls tools; tests/integration/docs/test_agent_example.py has one"
    ),
    "slots:": "slots of GPUs; tests/unit/registry/test_widths.py reads such",
    'eval "$(python -m orchestrator.service.node_environment /opt/orchestrator/ray)"': (
        "begins Ray on several machines; tests/e2e/two_nodes.py does"
    ),
    "orchestrator merge french spanish --weights 0.6,0.4 --id french-spanish "
    "--out models/french-spanish --add": (
        "starts vLLM for its canary; tests/e2e/engines/test_vllm_merges.py"
    ),
    "python3.11 -m venv .venv-gpu && .venv-gpu/bin/pip install -e '.[gpu]'": (
        "needs a GPU; tests/e2e/engines/test_gpu_check.py runs it on a CPU"
    ),
    "make experts                                      # questions, training, export, scores: "
    "from the seeds, on a CPU": "trains for an hour",
    **dict.fromkeys(
        (
            (
                "orchestrator fit map --router routers/topic --questions asked.jsonl "
                "--outcomes outcomes.jsonl --models costs.csv \\"
            ),
            (
                "orchestrator profile questions.jsonl --split train --grader number "
                "--out train.parquet   # 1. every expert of the running service answers"
            ),
            (
                "orchestrator profile questions.jsonl --out outcomes.jsonl          "
                "# every expert, by a running service"
            ),
            (
                "orchestrator eval --registry experts.yaml --router topic "
                "--questions asked.parquet --outcomes outcomes.parquet \\"
            ),
        ),
        "questions of yours; tests/integration/cli/test_every_example.py types these commands",
    ),
    "http_options: {host: 0.0.0.0, port: 8000}": (
        "a file for serve deploy; tests/e2e/test_on_two_nodes.py deploys one"
    ),
}


async def failures_of(page: str, folder: Path, url: str) -> list[tuple[str, str]]:
    """Type a page in order; what did not end well, and what it printed."""
    furnish(folder)
    failed = []
    for block in blocks_of(ROOT / page):
        if block.is_run or block.mark == "file":
            code, out = await typed(block, folder, url)
            failed += [(block.text, out)] if code else []
    return failed


@pytest.fixture(scope="module")
async def failures(tmp_path_factory) -> dict[str, list[tuple[str, str]]]:
    """Those of every page, typed by two readers at once: most of a command is its start."""
    reading = asyncio.Semaphore(2)
    folder = tmp_path_factory.mktemp("service")
    async with whole_service(folder) as url, asyncio.TaskGroup() as readers:

        async def read(page: str) -> list[tuple[str, str]]:
            async with reading:
                return await failures_of(page, tmp_path_factory.mktemp("page"), url)

        tasks = {page: readers.create_task(read(page)) for page in PAGES}
        return {page: await task for page, task in tasks.items()}


@pytest.mark.parametrize("page", PAGES)
def test_everything_that_a_page_has_typed_ends_well(page, failures):
    assert failures[page] == []


def test_what_is_not_typed_is_known_with_its_reason():
    marked = {
        block.text.splitlines()[0]: block.told
        for page in PAGES
        for block in blocks_of(ROOT / page)
        if block.mark == "not run"
    }

    assert marked == NOT_RUN


@pytest.mark.parametrize("page", PAGES)
def test_every_program_of_a_page_is_typed_or_says_why_not(page):
    left = [
        one.text
        for one in blocks_of(ROOT / page)
        if one.language not in DATA and not one.is_run and one.mark is None
    ]

    assert left == []


@pytest.mark.parametrize("page", TYPED_ELSEWHERE)
def test_a_page_that_is_typed_elsewhere_has_a_test_there(page):
    assert page in ALL_PAGES
    assert (ROOT / TYPED_ELSEWHERE[page]).exists()


@pytest.mark.parametrize("reason", sorted(set(NOT_RUN.values())))
def test_a_test_that_a_reason_names_is_there(reason):
    named = [word for word in reason.split() if word.startswith("tests/")]

    assert [name for name in named if not (ROOT / Path(name.rstrip(";,"))).exists()] == []
