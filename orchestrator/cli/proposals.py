"""What `orchestrator fit category --discover` does: new categories out of unsure traffic."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer

from orchestrator.errors import SetupError
from routers.artifacts import load_router, read_artifact
from routers.dataset_files import read_texts
from routers.discovery import Discovery, Proposal, discover, unsure

PROPOSALS, QUESTIONS = "proposals.jsonl", "questions.jsonl"


def propose(traffic: Sequence[Path], *, router: Path, out: Path) -> None:
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
    if not proposals:
        typer.echo(
            f"{len(left)} of {len(asked)} prompts were unsure, and no {settings.min_size} or more "
            "of them are alike: nothing is proposed"
        )
        return
    out.mkdir(parents=True, exist_ok=True)
    _write(out / PROPOSALS, (_told(one, settings) for one in proposals))
    _write(
        out / QUESTIONS,
        ({"skill": one.name, "question": text} for one in proposals for text in one.texts),
    )
    _print(proposals, out, num_asked=len(asked), num_unsure=len(left))


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


def _print(proposals: Sequence[Proposal], out: Path, *, num_asked: int, num_unsure: int) -> None:
    in_one = sum(one.size for one in proposals)
    noun = "proposal" if len(proposals) == 1 else "proposals"
    typer.echo(
        f"{num_unsure} of {num_asked} prompts were unsure, {in_one} of them in "
        f"{len(proposals)} {noun}:"
    )
    for one in proposals:
        typer.echo(
            f"  {one.name}: {one.size} prompts, cohesion {one.cohesion:.2f}, "
            f"{', '.join(one.keywords)}; such as {one.texts[0]!r}"
        )
    typer.echo(
        f"name them in {out / QUESTIONS} and give that file to --questions, beside those it was "
        "fitted on"
    )
