"""`orchestrator eval --ask`: the experts of a registry answer what the outcomes lack."""

import json

import pytest

from orchestrator.cli.main import main
from tests.unit.routers.small import write_lines

pytestmark = pytest.mark.integration

REGISTRY = """\
version: 1
experts:
  - {id: optimist, engine: {kind: fake, says: "The answer is yes."}}
  - {id: pessimist, engine: {kind: fake, says: "The answer is no."}}
routers:
  topic:
    kind: rules
    rules: [{name: luck, when: {keywords: {any: [luck]}}, expert: optimist}]
    otherwise: {expert: pessimist}
"""
ROWS = [
    {"id": f"q{i}", "prompt": f"{about} in plan {i}?", "gold": gold, "grader": "boolean"}
    for i in range(10)
    for about, gold in [("luck", "true") if i % 2 else ("toil", "false")]
]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "experts.yaml").write_text(REGISTRY)
    return tmp_path / "experts.yaml", write_lines(tmp_path / "q.jsonl", *ROWS), tmp_path / "o.jsonl"


def run(*args):
    with pytest.raises(SystemExit) as caught:
        main(["eval", *map(str, args)])
    return caught.value.code or 0


def test_experts_are_asked_once_and_routers_tried_on_what_they_answered(files, capsys):
    registry, questions, out = files
    asked = ["--questions", questions, "--registry", registry, "--ask", out, "--json"]

    codes = [run(*asked), run(*asked)]

    found, _ = json.JSONDecoder().raw_decode(capsys.readouterr().out)
    scores = [json.loads(line)["score"] for line in out.read_text().splitlines()]
    assert codes == [0, 0]
    assert (len(scores), scores.count(1.0)) == (20, 10)
    assert "topic" in json.dumps(found)


def test_without_a_registry_there_is_nobody_to_ask(files, capsys):
    _, questions, out = files

    code = run("--questions", questions, "--router", "none", "--ask", out)

    assert code == 1
    assert "give --registry too" in capsys.readouterr().err
