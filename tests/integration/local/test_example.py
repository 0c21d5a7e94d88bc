"""The example of a program without a server is run as it stands in docs/batches.md."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/batches.md").read_text(encoding="utf-8")
EXAMPLES = [
    block
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    if "import Orchestrator" in block
]
REGISTRY = """\
version: 1
experts:
  - {id: capitals, engine: {kind: fake, says: Nairobi}}
  - {id: sums, engine: {kind: fake, says: an even number}}
routers:
  topic:
    kind: rules
    rules: [{name: sums, when: {matches: '\\d'}, expert: sums}]
    otherwise: {expert: capitals}
compositions:
  auto: {kind: route, router: topic}
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_prints_an_answer_a_plan_and_a_result_a_request(example, tmp_path):
    (tmp_path / "experts.yaml").write_text(REGISTRY)
    (tmp_path / "example.py").write_text(example)

    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Nairobi by capitals"
    assert any(line.startswith("20 requests, 20 calls, 1 experts") for line in lines)
    assert set(lines[-20:]) == {f"request-{n} an even number" for n in range(1, 21)}


def test_there_is_an_example():
    assert len(EXAMPLES) == 1
