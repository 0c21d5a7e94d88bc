"""What fewer bits cost the demo experts: the `loss` that a registry's variants state.

Loss is the expert's score less the variant's, on the same held-out questions, in points of a
hundred. With 190 questions one answer is half a point.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

import torch
from transformers import PreTrainedModel

from .evaluate import load_heldout
from .export import GENERALIST, load_shipped
from .facts import DEMO
from .heldout import Question
from .measure import EXPERTS, MODELS, replace_between
from .own_skill import KINDS, questions_of, score

OUT = DEMO.parents[1] / "bench" / "out" / "variants.json"


def _rounded(bits: int) -> Callable[[PreTrainedModel], PreTrainedModel]:
    """Matrices rounded to `bits`, one scale a row; what is run stays float32."""
    most = 2 ** (bits - 1) - 1

    def round_all(network: PreTrainedModel) -> PreTrainedModel:
        with torch.no_grad():
            for matrix in (p for p in network.parameters() if p.ndim == 2):
                scale = matrix.abs().amax(1, keepdim=True).clamp(min=1e-12) / most
                matrix.copy_((matrix / scale).round() * scale)
        return network

    return round_all


#: Name -> what is done to the shipped network, which is float16 weights run in float32.
VARIANTS: Mapping[str, Callable[[PreTrainedModel], PreTrainedModel]] = {
    "float16": lambda network: network.to(torch.float16),
    "bfloat16": lambda network: network.to(torch.bfloat16),
    "int8 weights": _rounded(8),
    "int4 weights": _rounded(4),
}


def measure_variants(num_processes: int) -> None:
    """Writes bench/out/variants.json and the table of the README."""
    with ProcessPoolExecutor(num_processes) as pool:
        rows = dict(zip(MODELS, pool.map(_measure, MODELS), strict=True))
    document = {
        "what": "percent exact of an expert's own held-out questions, whole and in fewer bits",
        "command": "python -m deploy.demo.training variants",
        "percent": rows,
    }
    OUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    replace_between(DEMO / "README.md", "variants", _table(rows))


def _measure(name: str) -> dict[str, float]:
    torch.set_num_threads(1)
    network = load_shipped(EXPERTS / name)
    questions = _questions(name)
    scores = {"float32": score(network, questions).percent}
    for variant, change in VARIANTS.items():
        scores[variant] = score(change(copy.deepcopy(network)), questions).percent
    return scores


def _questions(name: str) -> Sequence[Question]:
    if name != GENERALIST:
        return questions_of(name)
    return [question for question in load_heldout() if question.kind in KINDS]


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    heads = ["expert", "float32", *(f"loss in {name}" for name in VARIANTS)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for expert, scores in rows.items():
        whole = scores["float32"]
        losses = (f"{whole - scores[name] + 0.0:.1f}" for name in VARIANTS)
        lines.append(f"| {expert} | {whole:.1f} | " + " | ".join(losses) + " |")
    return "\n".join(lines)
