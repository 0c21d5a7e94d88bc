"""Every example in a docstring of the SDK runs at a whole service and prints what it says."""

import asyncio
import json

import pytest

from orchestrator.client import AsyncClient, Client
from tests.docstring_examples import Example, examples_of, output_of
from tests.whole_service import whole_service

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

QUESTIONS = ("Kenya", "Peru")
BOTH = {kind: examples_of(kind) for kind in (Client, AsyncClient)}
CASES = [
    pytest.param(kind, one, id=f"{kind.__name__}-{one.name}")
    for kind, examples in BOTH.items()
    for one in examples
]


def line(number: int, country: str) -> str:
    asked = {"role": "user", "content": f"What is the capital of {country}?"}
    body = {"model": "auto", "messages": [asked]}
    where = {"method": "POST", "url": "/v1/chat/completions"}
    return json.dumps({"custom_id": f"question-{number}", **where, "body": body})


@pytest.fixture(scope="module")
async def url(tmp_path_factory):
    async with whole_service(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where examples are typed: a folder with questions."""
    text = "\n".join(line(number, country) for number, country in enumerate(QUESTIONS, start=1))
    (tmp_path / "questions.jsonl").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("kind", "example"), CASES)
async def test_an_example_prints_what_it_says(kind, example: Example, url):
    if kind is AsyncClient:
        async with AsyncClient(url) as client:
            printed = await output_of(example, client, url)
    else:
        with Client(url) as client:
            printed = await asyncio.to_thread(asyncio.run, output_of(example, client, url))

    assert [text for text in printed if text in example.told] == example.told
