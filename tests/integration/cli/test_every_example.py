"""Every example that a command's help and docs/cli.md show is typed, and ends well."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.cli.examples import EXAMPLES
from tests.cli_larder import prepare
from tests.page_blocks import ROOT, Block, typed
from tests.whole_service import whole_service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: Examples that cannot be typed here, and where they are.
NOT_TYPED = {
    "chat": "test_chat_with_a_service.py",
    "batch run questions answers --registry experts.yaml": "test_batch_run_examples.py",
    "batch run s3://bucket/questions s3://bucket/answers": "test_batch_run_on_s3.py",
    "residency --watch": "test_slots_of_a_service.py",
    "init org/general org/law --general general --out experts.yaml": (
        "../../unit/moving/test_first_registry.py"
    ),
    "merge french spanish --weights 0.6,0.4 --id both --out merges/both --add": (
        "../../e2e/engines/test_vllm_merges.py"
    ),
    "serve": "../../e2e/test_readme.py",
    "serve --registry experts.yaml --port 8080 --keys required": "../../e2e/test_keys.py",
}


@pytest.fixture(scope="module")
async def failures(tmp_path_factory) -> dict[str, list[tuple[str, str]]]:
    """What did not end well, by command; two are typed at once, since most of one is its start."""
    typing = asyncio.Semaphore(2)
    async with whole_service(tmp_path_factory.mktemp("service")) as url:

        async def failed(command: str) -> list[tuple[str, str]]:
            async with typing:
                return await failures_of(command, tmp_path_factory.mktemp("reader"), url)

        async with asyncio.TaskGroup() as readers:
            tasks = {name: readers.create_task(failed(name)) for name in EXAMPLES}
        return {name: task.result() for name, task in tasks.items()}


async def failures_of(command: str, folder: Path, url: str) -> list[tuple[str, str]]:
    """Type the examples of a command one after another, where all is that they name."""
    stands_for = await asyncio.to_thread(prepare, command, folder, url)
    failed = []
    for example in EXAMPLES[command]:
        if example in NOT_TYPED:
            continue
        text = f"orchestrator {example}"
        for written, meant in stands_for.items():
            text = text.replace(written, meant)
        code, out = await typed(Block(language="sh", text=text, mark=None, told=""), folder, url)
        failed += [(text, out)] if code else []
    return failed


@pytest.mark.parametrize("command", EXAMPLES)
def test_every_example_of_a_command_ends_well(command, failures):
    assert failures[command] == []


@pytest.mark.parametrize("example", NOT_TYPED)
def test_what_is_not_typed_is_an_example_and_has_a_test_elsewhere(example):
    assert example in [one for some in EXAMPLES.values() for one in some]
    assert (ROOT / "tests/integration/cli" / NOT_TYPED[example]).exists()
