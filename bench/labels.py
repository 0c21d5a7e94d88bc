"""What a category router learns from few labels, from neighbours and from traffic nobody named.

python -m bench.labels [--only classifiers,few,discovery]

On the demo's questions: fitted on composed ones, tried on held-out frames. Prints a table and
writes bench/out/labels.json; exits with 1 unless every bar holds. A quarter of an hour on a
busy core.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import numpy as np

from bench.parts import Part, main_of
from bench.prompts import prompt
from bench.report import Outcome, Target
from bench.setup import Setup
from deploy.demo.routing.compose import write_questions
from routers.artifacts import ClassifierName, load_router, read_artifact
from routers.base import Prompts
from routers.calibration import calibration_error
from routers.category import CategoryRouter
from routers.discovery import Proposal, discover, unsure
from routers.fit import fit_router
from routers.mapping import namesake_quality
from routers.questions import Question, load_questions, load_unknown
from routers.static_files import read_table
from routers.training import TrainingSet, training_set

_TOPIC = Path("deploy/demo/routers/topic")
_ASKED = Path("deploy/demo/questions")
_GENERAL = "generalist"
#: Draws of seeds; those that settings were chosen on are 0 and 1.
_DRAWS = (5, 6, 7)
_LABELS_A_SKILL = (5, 10)
#: Left out of a fit, to be found again; settings were chosen on three other pairs.
_PAIRS = (("calendar", "elements"), ("logic", "units"), ("reverse", "spanish"))

_NEAR = "held-out categories, neighbours less linear"
_TIME = "decision by neighbours, 500 tokens, p50"
_GAINS = {n: f"held-out categories from {n} labels a skill, gain by spreading" for n in (5, 10)}
_PURITY = "proposals: prompts of their proposal's skill"
_FOUND = "proposals: unsure prompts of left-out skills that are in one of theirs"


@cache
def _composed() -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        write_questions(Path(folder))
        known = load_questions([Path(folder) / "questions.jsonl"])
        return known, load_unknown([Path(folder) / "unknown.jsonl"])


def _heldout() -> tuple[Question, ...]:
    stray = load_unknown([_ASKED / "unknown.jsonl"], split="heldout")
    return (*load_questions([_ASKED / "heldout.jsonl"]), *stray)


def _fitted(data: TrainingSet, *, classifier: ClassifierName) -> CategoryRouter:
    with tempfile.TemporaryDirectory() as folder:
        fit_router(
            data,
            Path(folder),
            quality=namesake_quality(data.categories),
            embedders=("static",),
            classifier=classifier,
            table=read_table(read_artifact(_TOPIC)),
        )
        return load_router(folder, fallback=_GENERAL)


def _told(router: CategoryRouter) -> dict[str, float]:
    """What a router makes of held-out questions and of unknown ones, per cent."""
    asked = _heldout()
    texts = [question.text for question in asked]
    skills = np.array([question.skill for question in asked])
    is_known = np.isin(skills, router.quality.categories)
    shares = router.probabilities(texts)
    named = np.array(router.quality.categories)[shares.argmax(axis=1)]
    candidates = frozenset({*router.quality.experts, _GENERAL})
    routes = router.route(Prompts(texts=texts, candidates=candidates))
    chosen = np.array([route.chosen[0] for route in routes])
    is_right = (named == skills)[is_known]
    return {
        "category": 100 * float(is_right.mean()),
        "routed": 100 * float((chosen == skills)[is_known].mean()),
        "unknown": 100 * float((chosen == _GENERAL)[~is_known].mean()),
        "calibration error": calibration_error(shares[is_known].max(axis=1), is_right),
    }


def _p50_ms(router: CategoryRouter) -> float:
    candidates = frozenset(router.quality.experts)
    took_ms = []
    for number in range(400):
        asked = Prompts(texts=[prompt(500, seed=f"labels-{number}")], candidates=candidates)
        started_s = perf_counter()
        router.route(asked)
        took_ms.append(1000 * (perf_counter() - started_s))
    return median(took_ms)


def _row(told: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in told.items())


def _classifiers(_: Setup) -> Outcome:
    """Both on all composed questions; the linear one is the shipped one."""
    routers = {
        "linear": load_router(_TOPIC, fallback=_GENERAL),
        "neighbours": _fitted(training_set(*_composed()), classifier="neighbours"),
    }
    found = {name: {**_told(one), "p50 ms": _p50_ms(one)} for name, one in routers.items()}
    near = found["neighbours"]
    return Outcome(
        values={_NEAR: near["category"] - found["linear"]["category"], _TIME: near["p50 ms"]},
        figures=found,
        rows=[(f"all labels, {name}", _row(told)) for name, told in found.items()],
    )


def _seeds(num: int, draw: int) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    """`num` questions of each skill, and six times as many of none."""
    rng = random.Random(f"labels-{draw}")
    known, unknown = _composed()
    of_skill: dict[str, list[Question]] = {}
    for question in known:
        of_skill.setdefault(question.skill, []).append(question)
    chosen = tuple(one for own in of_skill.values() for one in rng.sample(own, num))
    return chosen, tuple(rng.sample(unknown, 6 * num))


def _few(_: Setup) -> Outcome:
    """From few labels, with and without spreading them over all other composed questions."""
    texts = [question.text for part in _composed() for question in part]
    found: dict[str, list[dict[str, float]]] = {}
    for num in _LABELS_A_SKILL:
        for draw in _DRAWS:
            seeds = _seeds(num, draw)
            for way, rest in (("alone", ()), ("spread", texts)):
                router = _fitted(training_set(*seeds, rest), classifier="linear")
                found.setdefault(f"{num} labels a skill, {way}", []).append(_told(router))
    middle = {
        key: {name: mean(one[name] for one in draws) for name in draws[0]}
        for key, draws in found.items()
    }
    gains = {
        name: middle[f"{num} labels a skill, spread"]["category"]
        - middle[f"{num} labels a skill, alone"]["category"]
        for num, name in _GAINS.items()
    }
    rows = [(key, _row(told)) for key, told in middle.items()]
    return Outcome(values=gains, figures={"draws": found, "mean": middle}, rows=rows)


def _discovery(_: Setup) -> Outcome:
    """Two skills left out of a fit, looked for in held-out questions of all and of none."""
    pure, found, figures, rows = [], [], {}, []
    for pair in _PAIRS:
        known, unknown = (part[::3] for part in _composed())
        data = training_set([one for one in known if one.skill not in pair], unknown)
        router = _fitted(data, classifier="linear")
        skill_by_text = {question.text: question.skill for question in _heldout()}
        left = unsure(router, list(skill_by_text))
        proposals = discover(router, left)
        told = _judged(proposals, left, skill_by_text, pair)
        pure.append(told["purity"])
        found.append(told["found"])
        figures["+".join(pair)] = told
        rows.append((f"left out: {', '.join(pair)}", _row(told)))
    return Outcome(values={_PURITY: mean(pure), _FOUND: mean(found)}, figures=figures, rows=rows)


def _judged(
    proposals: Sequence[Proposal],
    left: Sequence[str],
    skill_by_text: dict[str, str],
    pair: tuple[str, str],
) -> dict[str, float]:
    most = [
        Counter(skill_by_text[text] for text in one.texts).most_common(1)[0] for one in proposals
    ]
    num_in_one = sum(one.size for one in proposals)
    wanted = sum(skill_by_text[text] in pair for text in left)
    found = sum(num for skill, num in most if skill in pair)
    return {
        "unsure": len(left),
        "proposals": len(proposals),
        "of a left-out skill": sum(skill in pair for skill, _ in most),
        "purity": 100 * sum(num for _, num in most) / max(num_in_one, 1),
        "found": 100 * found / max(wanted, 1),
    }


PARTS = {
    "classifiers": Part(
        (
            Target(name=_NEAR, sense=">=", limit=-3, unit="points"),
            Target(name=_TIME, sense="<", limit=4, unit="ms"),
        ),
        _classifiers,
    ),
    "few": Part(
        (
            Target(name=_GAINS[5], sense=">=", limit=3, unit="points"),
            Target(name=_GAINS[10], sense=">=", limit=2, unit="points"),
        ),
        _few,
    ),
    "discovery": Part(
        (
            Target(name=_PURITY, sense=">=", limit=85, unit="%"),
            Target(name=_FOUND, sense=">=", limit=70, unit="%"),
        ),
        _discovery,
    ),
}

if __name__ == "__main__":
    sys.exit(main_of(PARTS, about=__doc__ or "", out="labels.json", gateways=1))
