"""What compositions make of held-out questions on real vLLM, each arm at its cost.

The service serves `deploy/demo/compositions.yaml`; nothing that it runs was fitted on a question
asked here. Calls are answers generated, as papers count them. Part of `python -m
bench.compositions`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.composed_arms import Arm, Played, Question, load_questions, play
from bench.composed_registry import write_registry
from bench.report import Outcome, Target
from bench.service import read_registry, start_service
from bench.setup import Setup
from routers.dataset_files import read_answered
from routers.resampling import Interval, intervals

QUALITY = "quality"
_AUTO = "auto, one skill"
_SYMBOLIC = "symbolic_moe less auto, all"
_DECOMPOSE = "decompose less the best arm of one call, two skills, low end"
_SAMPLED = "vote of five at 0.7 less one sample at 0.7, one skill, low end"
_CASCADE = "best other arm less cascade, all"
_CASCADE_CALLS = "calls of cascade by those of the best other arm"
QUALITY_TARGETS = (
    Target(name=_AUTO, sense=">=", limit=90.0, unit="%"),
    Target(name=_SYMBOLIC, sense=">=", limit=0.0, unit="points"),
    Target(name=_DECOMPOSE, sense=">=", limit=0.0, unit="points"),
    Target(name=_SAMPLED, sense=">=", limit=0.0, unit="points"),
    Target(name=_CASCADE, sense="<=", limit=1.0, unit="points"),
    Target(name=_CASCADE_CALLS, sense="<=", limit=0.6),
)
_ONE_SKILL = 40  # questions of each skill
_EVERY_ONE = 10**6
_NUM_DRAWS = 4  # of what is sampled, for each question
_NUM_RANDOM = 8  # teams of random experts, each asked its share of the questions
_ARMS = (
    Arm(name="generalist", model="generalist"),
    Arm(name="auto", model="auto"),
    Arm(name="auto, one sample at 0.7", model="auto", temperature=0.7),
    Arm(name="symbolic_moe", model="symbolic-moe"),
    Arm(name="symbolic_moe, skills alone", model="symbolic-by-skills"),
    Arm(name="self_moa", model="self-moa"),
    Arm(name="self_moa_seq", model="self-moa-seq"),
    Arm(name="moa", model="moa"),
    Arm(name="vote", model="vote"),
    Arm(name="rpc", model="rpc"),
    Arm(name="ensemble", model="ensemble"),
    Arm(name="best_of_n", model="best-of-n"),
    Arm(name="cascade", model="cascade"),
    Arm(name="decompose", model="decompose"),
)
_ONE_CALL = ("best single expert", "generalist", "auto", "auto, one sample at 0.7")
_RANDOM = "random experts, good aggregator"


def measure_quality(setup: Setup) -> Outcome:
    """Ask every arm every question.

    Raises:
        BenchError: the service did not come up, or refused a question.
    """
    demo = setup.root / "deploy/demo"
    questions = load_questions(demo / "questions/heldout.jsonl", one_skill=_ONE_SKILL)
    single = _best_single(demo)
    registry = write_registry(demo, _beside(demo), to=setup.folder)
    service = start_service(registry, gateways=1, folder=setup.folder)
    try:
        played = asyncio.run(_played(service.url, questions, single))
        sampled = asyncio.run(_sampled(service.url, demo))
    finally:
        service.process.stop()
    outcome = _outcome(played, questions, demo, single=single)
    gained = _of(sampled["vote"] - sampled["one sample"])
    shown = f"{100 * gained.mean:+.2f} ({100 * gained.low:+.2f} to {100 * gained.high:+.2f}) points"
    return Outcome(
        values={**outcome.values, _SAMPLED: 100 * gained.low},
        figures={
            **outcome.figures,
            "sampled": {
                "questions": len(sampled["vote"]),
                "draws": _NUM_DRAWS,
                "gain": asdict(gained),
                **{name: _percent(right) for name, right in sampled.items()},
            },
        },
        rows=[*outcome.rows, (f"vote over one sample, {len(sampled['vote']):,} questions", shown)],
    )


async def _played(url: str, questions: Sequence[Question], single: str) -> dict[str, Played]:
    found = {}
    for arm in (Arm(name="best single expert", model=single), *_ARMS):
        found[arm.name] = await play(url, arm, questions)
    found[_RANDOM] = await _random_teams(url, questions)
    return found


async def _sampled(url: str, demo: Path) -> dict[str, NDArray[np.float64]]:
    """Shares of draws in which a vote and one sample were right, for each question of one skill.

    What samples add to experts that are mostly sure is little: it takes many questions to see.
    """
    every = load_questions(demo / "questions/heldout.jsonl", one_skill=_EVERY_ONE)
    asked = [one for one in every if not one.has_two_skills]
    arms = (
        Arm(name="one sample", model="auto", temperature=0.7),
        Arm(name="vote", model="vote"),
    )
    return {
        arm.name: np.mean(
            [(await play(url, arm, asked, draw=draw)).right for draw in range(_NUM_DRAWS)], axis=0
        )
        for arm in arms
    }


async def _random_teams(url: str, questions: Sequence[Question]) -> Played:
    """Each team of `random-0`, `random-1`, ... answers every eighth question."""
    shares = [
        await play(url, Arm(name=_RANDOM, model=f"random-{team}"), questions[team::_NUM_RANDOM])
        for team in range(_NUM_RANDOM)
    ]
    marked = tuple(
        shares[at % _NUM_RANDOM].marked[at // _NUM_RANDOM] for at in range(len(questions))
    )
    arm = Arm(name=_RANDOM, model="random-*")
    return Played(arm=arm, marked=marked, took_s=sum(one.took_s for one in shares))


def _beside(demo: Path) -> dict[str, dict[str, Any]]:
    """Arms that the demo's registry has no use for: the paper's own recruiting, random teams."""
    entries = read_registry(demo / "compositions.yaml")["compositions"]
    symbolic = {key: value for key, value in entries["symbolic-moe"].items() if key != "mix_within"}
    return {"symbolic-by-skills": {**symbolic, "router": "skills"}, **_random_teams_of(demo)}


def _random_teams_of(demo: Path) -> dict[str, dict[str, Any]]:
    """Teams of three experts drawn by chance, with the aggregator of all others."""
    content = read_registry(demo / "compositions.yaml")
    names = [one["id"] for one in content["experts"] if "role" not in one["tags"]]
    dice = np.random.default_rng(0)
    merged = {key: content["compositions"]["self-moa"][key] for key in ("aggregator", "prompts")}
    return {
        f"random-{team}": {
            "kind": "moa",
            "proposers": dice.choice(names, 3, replace=False).tolist(),
            **merged,
        }
        for team in range(_NUM_RANDOM)
    }


def _best_single(demo: Path) -> str:
    """The specialist that is right most often on the training questions."""
    answered = read_answered([demo / "questions/train.jsonl"], [demo / "outcomes/train.parquet"])
    means = np.nanmean(answered.scores, axis=0)
    ranked = sorted(zip(means, answered.experts, strict=True), reverse=True)
    return next(name for _, name in ranked if name != "generalist")


def _oracle(demo: Path, questions: Sequence[Question]) -> NDArray[np.float64]:
    """1 where an expert is right on its own, as they were profiled."""
    answered = read_answered(
        [demo / "questions/heldout.jsonl"], [demo / "outcomes/heldout.parquet"]
    )
    best = np.nanmax(answered.scores, axis=1)
    by_text = {one.prompt: value for one, value in zip(answered.examples, best, strict=True)}
    return np.array([by_text[one.text] for one in questions])


def _outcome(
    played: Mapping[str, Played], questions: Sequence[Question], demo: Path, *, single: str
) -> Outcome:
    right = {name: one.right for name, one in played.items()}
    right["oracle"] = _oracle(demo, questions)
    two = np.array([one.has_two_skills for one in questions])
    arms = {
        name: {
            "all": _percent(values),
            "one_skill": _percent(values[~two]),
            "two_skill": _percent(values[two]),
            **(_costs(played[name]) if name in played else {}),
        }
        for name, values in right.items()
    }
    return Outcome(
        values=_values(played, right, two),
        figures={
            "questions": {"one_skill": int((~two).sum()), "two_skill": int(two.sum())},
            "best_single_expert": single,
            "arms": arms,
        },
        rows=[(name, _row(one)) for name, one in arms.items()],
    )


def _values(
    played: Mapping[str, Played], right: Mapping[str, NDArray[np.float64]], two: NDArray[np.bool_]
) -> dict[str, float]:
    others = [name for name in played if name != "cascade"]
    best = max(others, key=lambda name: float(right[name].mean()))
    one_call = max(_ONE_CALL, key=lambda name: float(right[name][two].mean()))
    return {
        _AUTO: 100 * float(right["auto"][~two].mean()),
        _SYMBOLIC: 100 * float((right["symbolic_moe"] - right["auto"]).mean()),
        _DECOMPOSE: _of(right["decompose"][two] - right[one_call][two]).low * 100,
        _CASCADE: 100 * float((right[best] - right["cascade"]).mean()),
        _CASCADE_CALLS: played["cascade"].calls / played[best].calls,
    }


def _of(values: NDArray[np.float64]) -> Interval:
    return intervals(values[:, None], np.arange(len(values)))[0]


def _percent(values: NDArray[np.float64]) -> dict[str, float]:
    found = _of(values)
    return {key: round(100 * getattr(found, key), 2) for key in ("mean", "low", "high")}


def _costs(one: Played) -> dict[str, float]:
    requests = float(np.mean([mark.num_requests for mark in one.marked]))
    return {
        "calls": round(one.calls, 2),
        "engine_requests": round(requests, 2),
        "tokens": round(one.tokens, 1),
        "seconds": round(one.took_s, 2),
    }


def _row(arm: Mapping[str, Any]) -> str:
    whole = arm["all"]
    told = (
        f"{whole['mean']:.1f} ({whole['low']:.1f} to {whole['high']:.1f}) %, one skill "
        f"{arm['one_skill']['mean']:.1f}, two {arm['two_skill']['mean']:.1f}"
    )
    if "calls" not in arm:
        return told
    return f"{told}; {arm['calls']:.1f} calls, {arm['tokens']:.0f} tokens, {arm['seconds']:.0f} s"
