"""What a reader of docs/cli.md has at hand: the files, ids and past that its examples name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.client import Client
from routers.dataset_files import read_examples
from tests.batch_desk import line
from tests.page_blocks import ROOT, furnish

_DEMO = ROOT / "deploy/demo"
#: Of every skill, so that a fit takes seconds.
_NUM_OF_A_SKILL = 24
_TRIED = {
    "action": "request", "request_id": "r", "status": 200, "expert": "sums", "duration_ms": 10.0,
    "completion_tokens": 4, "cost_usd": None, "router": "trial", "chosen_by": "left",
}  # fmt: skip


def prepare(command: str, folder: Path, url: str) -> dict[str, str]:
    """Furnish a folder, and the service, for a command's examples.

    Args:
        command: words of its name, such as `fit category`.
        folder: of its own.
        url: of a whole service.

    Returns:
        What the examples write -> what stands for it here.
    """
    furnish(folder)
    if command.startswith(("fit ", "eval")):
        _write_questions(folder, is_fitted=command not in ("fit category",))
    prepared = _PREPARED.get(command) or _PREPARED.get(command.split()[0])
    return prepared(folder, url) if prepared is not None else {}


def _write_questions(folder: Path, *, is_fitted: bool) -> None:
    """Questions and outcomes of the demo, few of each skill, by every name that examples use."""
    path = _DEMO / "questions/train.jsonl"
    outcomes = pq.read_table(_DEMO / "outcomes/train.parquet").to_pylist()
    asked = {row["id"] for row in outcomes}
    by_skill: dict[str, list[tuple[str, dict[str, object]]]] = {}
    for example, row in zip(read_examples([path]), _rows(path), strict=True):
        if example.id in asked:
            by_skill.setdefault(str(row["skill"]), []).append((example.id, row))
    few = [one for some in by_skill.values() for one in some[:_NUM_OF_A_SKILL]]
    kept, rows = {one for one, _ in few}, [row for _, row in few]
    for name in ("questions.jsonl", "q.jsonl", "known.jsonl"):
        _write(folder / name, rows)
    told = [row for row in outcomes if row["id"] in kept]
    for name in ("outcomes.jsonl", "o.jsonl"):
        _write(folder / name, told)
    pq.write_table(pa.Table.from_pylist(told), folder / "outcomes.parquet")
    _write(folder / "examples.jsonl", rows[:8])
    unknown = _DEMO / "questions/unknown.jsonl"
    shutil.copy(unknown, folder)
    shutil.copy(unknown, folder / "traffic.jsonl")
    shutil.copytree(
        _DEMO / "routers/topic", folder / "routers" / ("ours" if is_fitted else "before")
    )


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _batches(folder: Path, url: str) -> dict[str, str]:
    batch_id = _begun(folder, url, num=6)
    with Client(url) as client:
        client.batches.wait(batch_id)
    return {"batch_1a2b": batch_id}


def _under_way(folder: Path, url: str) -> dict[str, str]:
    return {"batch_1a2b": _begun(folder, url, num=4000)}


def _begun(folder: Path, url: str, *, num: int) -> str:
    asked = {"messages": [{"role": "user", "content": "Hello"}]}
    lines = [
        line(f"q{n}", body={"model": ("capitals", "roman")[n % 2], **asked}) for n in range(num)
    ]
    path = folder / "questions.jsonl"
    path.write_bytes(b"".join(lines))
    with Client(url) as client:
        return client.batches.create(client.files.upload(path).id).id


def _questions(folder: Path, url: str) -> dict[str, str]:
    graded = [{**row, "grader": "text"} for row in _rows(_DEMO / "questions/heldout.jsonl")[:3]]
    _write(folder / "questions.jsonl", graded)
    return {}


def _judged(folder: Path, url: str) -> dict[str, str]:
    with Client(url) as client:
        answer = client.chat("What is the capital of Kenya?")
        return {"fb-1a2b": client.feedback(answer.origin.request_id, score=0.25).id}


def _keyed(folder: Path, url: str) -> dict[str, str]:
    with Client(url) as client:
        return {"key-1a2b": client.keys.create(folder.name).id}


def _blended(folder: Path, url: str) -> dict[str, str]:
    """Another router beside `topic`, which stands for one that was fitted."""
    path = folder / "experts.yaml"
    near = "  near: {kind: skill, artifact: deploy/demo/routers/skills, fallback: generalist}\n"
    path.write_text(path.read_text().replace("  topic:\n", f"{near}  topic:\n"))
    return {}


def _edited(folder: Path, url: str) -> dict[str, str]:
    """A generation to go back to: two edits of what the service serves."""
    with Client(url) as client:
        text = client.registry.text()
        for patience in ("0.4", "0.3"):
            client.registry.apply(text.replace("patience: 0.5", f"patience: {patience}").encode())
    return {}


def _logged(folder: Path, url: str) -> dict[str, str]:
    log = folder / "data/8000/logs/orchestrator.log"
    log.parent.mkdir(parents=True)
    told = json.dumps(_TRIED, separators=(",", ":"))
    log.write_text(f"2026-01-02 03:04:05,678 INFO 42 orchestrator.api.accounts: {told}\n")
    return {}


def _added(folder: Path, url: str) -> dict[str, str]:
    entry = "  - {id: law, description: Knows the law., engine: {kind: vllm}, model: org/law}\n"
    path = folder / "experts.yaml"
    path.write_text(path.read_text().replace("\nexperts:  # required\n", f"\nexperts:\n{entry}"))
    return {}


def _elsewhere(name: str) -> Callable[[Path, str], dict[str, str]]:
    def copied(folder: Path, url: str) -> dict[str, str]:
        shutil.copy(ROOT / "tests/unit/moving" / name, folder / "config.yaml")
        return {}

    return copied


def _models(folder: Path, url: str) -> dict[str, str]:
    (folder / "experts.yaml").unlink()  # what it writes
    (folder / "models").symlink_to(_DEMO / "experts")
    return {}


def _played(folder: Path, url: str) -> dict[str, str]:
    asked = {"expert": "a", "prompt_tokens": 9, "output_tokens": 9}
    _write(folder / "day.jsonl", [{**asked, "arrives_s": n / 4} for n in range(8)])
    return {}


_PREPARED: Mapping[str, Callable[[Path, str], dict[str, str]]] = {
    "batch": _batches,
    "batch cancel": _under_way,
    "compare": _logged,
    "experts edit": _added,
    "experts remove": _added,
    "feedback revert": _judged,
    "fit blend": _blended,
    "import litellm": _elsewhere("litellm.yaml"),
    "import llama-swap": _elsewhere("llama-swap.yaml"),
    "init": _models,
    "keys": _keyed,
    "profile": _questions,
    "rollback": _edited,
    "simulate": _played,
}
