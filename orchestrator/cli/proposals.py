"""What `orchestrator fit category --discover` does: new categories out of unsure traffic."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli.telling import tell
from orchestrator.errors import SetupError
from routers.artifacts import load_router, read_artifact
from routers.dataset_files import read_texts
from routers.discovery import Discovery, Proposal, discover, unsure

PROPOSALS, QUESTIONS = "proposals.jsonl", "questions.jsonl"


def propose(traffic: Sequence[Path], *, router: Path, out: Path, as_json: bool = False) -> None:
    """Write what could be categories, and their prompts ready to be labelled, to `out`.

    Raises:
        SetupError: `out` holds proposals, which somebody may have named by now.
        RouterError: the router or the traffic cannot be used.
    """
    if held := [name for name in (PROPOSALS, QUESTIONS) if (out / name).exists()]:
        raise SetupError(
            f"{str(out / held[0])!r} is there already; name another folder, or move it"
        )
    embedder = next(iter(read_artifact(router).manifest.heads))
    fitted = load_router(router, embedder=embedder, fallback="")
    asked = read_texts(traffic)
    left = unsure(fitted, asked)
    settings = Discovery()
    proposals = discover(fitted, left, settings=settings)
    counts = {"num_asked": len(asked), "num_unsure": len(left)}
    if not proposals:
        line = (
            f"{len(left)} of {len(asked)} prompts were unsure, and no {settings.min_size} or more "
            "of them are alike: nothing is proposed"
        )
        tell(line, as_json=as_json, folder=None, **counts, proposals=[])
        return
    told = [_told(one, settings) for one in proposals]
    out.mkdir(parents=True, exist_ok=True)
    _write(out / PROPOSALS, told)
    _write(
        out / QUESTIONS,
        ({"skill": one.name, "question": text} for one in proposals for text in one.texts),
    )
    lines = _lines(proposals, out, **counts)
    tell("\n".join(lines), as_json=as_json, folder=out, **counts, proposals=told)


def _told(one: Proposal, settings: Discovery) -> dict[str, Any]:
    return {
        "proposal": one.name,
        "size": one.size,
        "cohesion": one.cohesion,
        "keywords": one.keywords,
        "examples": one.texts[: settings.num_examples],
    }


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    # Half a surrogate pair, which JSON may hold and UTF-8 not, is escaped again.
    path.write_text("".join(lines), encoding="utf-8", errors="backslashreplace")


def _lines(
    proposals: Sequence[Proposal], out: Path, *, num_asked: int, num_unsure: int
) -> Iterator[str]:
    in_one = sum(one.size for one in proposals)
    noun = "proposal" if len(proposals) == 1 else "proposals"
    yield (
        f"{num_unsure} of {num_asked} prompts were unsure, {in_one} of them in "
        f"{len(proposals)} {noun}:"
    )
    for one in proposals:
        yield (
            f"  {one.name}: {one.size} prompts, cohesion {one.cohesion:.2f}, "
            f"{', '.join(one.keywords)}; such as {one.texts[0]!r}"
        )
    yield (
        f"name them in {out / QUESTIONS} and give that file to --questions, beside those it was "
        "fitted on"
    )
