"""A pool that nobody has measured, on questions without labels: asked, fitted, routed."""

import asyncio
import json

import pytest

from orchestrator.cli.main import main
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text
from routers.base import Prompts
from routers.dataset_files import read_outcomes
from routers.skill_files import load_skill_router
from tests.served import Service, running
from tests.unit.routers.skilled import write
from tests.unit.routers.small import write_lines

pytestmark = pytest.mark.integration

EXPERTS = ("math", "painter", "plain")
#: What a question is about -> who gets it wrong, in a way of its own; the others agree.
WRONG = {"capital": "math", "sum": "painter", "french": "plain"}
ROWS = [{"id": f"q{i}", "prompt": f"{word} of {i}"} for i in range(20) for word in WRONG]
QUESTIONS = [row | {"id": f"{row['id']}-{row['prompt'][:3]}"} for row in ROWS]


def script(call):
    word, _, number = last_user_text(call).split()
    return Script(says="I do not know" if WRONG[word] == call.expert else f"It is {number}")


def _exit_code(args) -> int:
    with pytest.raises(SystemExit) as caught:
        main([*map(str, args)])
    return caught.value.code or 0


async def test_without_a_label_questions_go_to_those_who_agree_on_such_ones(tmp_path):
    questions, out = write_lines(tmp_path / "q.jsonl", *QUESTIONS), tmp_path / "o.jsonl"
    folder, blind = tmp_path / "skills", ["--without-labels"]
    experts = [arg for name in EXPERTS for arg in ("--expert", name)]

    async with running(Service(engine=FakeEngine(script=script))) as url:
        asked = ["profile", questions, "--out", out, *experts, "--url", url, *blind]
        codes = [await asyncio.to_thread(_exit_code, asked) for _ in range(2)]
    fitted = _exit_code(
        ["fit", "skill", "--questions", questions, "--outcomes", out, "--out", folder, *blind,
         "--clusters", 3, "--embedder", "static", "--table", write(tmp_path / "table")]
    )  # fmt: skip

    assert (codes, fitted) == ([0, 0], 0)
    assert len(read_outcomes([out], is_graded=False)) == 180
    assert not any("score" in json.loads(line) for line in out.read_text().splitlines())
    router = load_skill_router(folder, fallback="plain")
    routes = router.route(
        Prompts(texts=[f"{word} of 99" for word in WRONG], candidates=frozenset(EXPERTS))
    )
    assert [route.chosen[-1] for route in routes] == list(WRONG.values())
    assert not any(route.needs_generation for route in routes)


def test_outcomes_without_scores_are_not_taken_for_graded_ones(tmp_path, capsys):
    out = write_lines(tmp_path / "o.jsonl", {"id": "q0-cap", "expert": "math", "answer": "1"})
    questions = write_lines(tmp_path / "q.jsonl", *QUESTIONS)

    code = _exit_code(["fit", "skill", "--questions", questions, "--outcomes", out,
                       "--out", tmp_path / "skills", "--embedder", "static"])  # fmt: skip

    assert code == 1
    assert "o.jsonl:1: has no 'score'" in capsys.readouterr().err
