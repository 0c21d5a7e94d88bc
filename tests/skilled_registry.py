"""A registry of scripted experts behind skill routers in every mode, for tests of services."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from routers.profiles import count_answers
from tests.unit.routers.skilled import write

EXPERTS = ("mapper", "linguist", "counter", "rival")
SKILLS = ("capital", "french", "sum")
#: Model -> how its router recruits.
MODES = {"drawn": "paper", "coded": "released", "best": "top_k"}
#: Judgements that say no, after which the rival at sums is ahead: 21 and 19 of 30 are right.
NUM_TO_CHANGE = 10


def skilled_registry(folder: Path) -> dict[str, object]:
    """Three experts of a skill each, one that is nearly as good at sums, and a general one."""
    artifact = write(folder / "skills", known=_profiles(), experts=EXPERTS)
    return {
        "version": 1,
        "experts": [
            {"id": name, "engine": {"kind": "fake", "says": f"I am {name}"}}
            for name in (*EXPERTS, "general")
        ],
        "routers": {
            model: {"kind": "skill", "artifact": str(artifact), "fallback": "general",
                    "mode": mode, "k": 3}
            for model, mode in MODES.items()
        },
        "compositions": {model: {"kind": "route", "router": model} for model in MODES},
    }  # fmt: skip


def write_skilled_registry(folder: Path) -> Path:
    """The file of this registry; JSON is YAML."""
    path = folder / "experts.yaml"
    path.write_text(json.dumps(skilled_registry(folder), indent=1))
    return path


def _profiles():
    right = np.zeros((90, 4))
    for expert in range(3):
        right[30 * expert : 30 * expert + 27, expert] = 1
    right[60:, 2] = np.arange(30) < 21
    right[60:, 3] = np.arange(30) < 19
    skills = [[SKILLS[row // 30]] for row in range(90)]
    return count_answers(right, skills, experts=EXPERTS, data_sha256="s1")
