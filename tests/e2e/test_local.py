"""The shipped experts in a program of its own, on real vLLM."""

import psutil
import pytest

from orchestrator import Orchestrator
from tests.e2e.service import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

QUESTIONS = {
    "capitals": ("What is the capital of France?", "Paris"),
    "elements": ("What is the symbol of iron?", "Fe"),
}


def test_mixed_questions_are_answered_with_one_swap_an_expert_at_most(tmp_path):
    asked = [(expert, *QUESTIONS[expert]) for expert in [*QUESTIONS] * 20]
    lines = [
        {"custom_id": f"{expert}-{place}", "body": {
            "model": expert, "messages": [{"role": "user", "content": question}]}}
        for place, (expert, question, _) in enumerate(asked)
    ]  # fmt: skip
    right = {f"{expert}-{place}": answer for place, (expert, _, answer) in enumerate(asked)}

    before = set(psutil.Process().children(recursive=True))

    with Orchestrator(ROOT / "experts.yaml", data_dir=tmp_path, progress=False) as orchestrator:
        processes = set(psutil.Process().children(recursive=True)) - before
        dry = orchestrator.plan(lines)
        results = orchestrator.batch(lines, progress=False)
        answers = {
            one.custom_id: one.response.body["choices"][0]["message"]["content"] for one in results
        }
        happened = orchestrator.batches.timeline(results.batch.id).happened
    _, alive = psutil.wait_procs(processes, timeout=30)

    assert answers == right
    assert dry.plan.summary.num_swaps <= 2
    assert sum(bar.step is not None for bar in happened) <= 2
    assert len(processes) > 3
    assert alive == []
