"""What the shipped experts answer when they are sampled: candidates with real errors in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

import torch
from transformers import PreTrainedModel

from ..chat import END, prompt_ids
from ..compose import compose
from ..evaluate import MAX_ANSWER_TOKENS, answer_text, load_heldout
from ..export import load_shipped
from ..facts import DEMO
from ..instances import SKILLS
from ..measure import MODELS
from ..own_skill import KINDS
from .sampled import Sampled

OWN_TEMPERATURES = {0.7: 6, 1.0: 3, 1.2: 3}
"""Samples of the skill's own expert by temperature."""
NUM_OTHERS = 4
OTHER_TEMPERATURE = 0.7
MAX_ROWS = 64
NUM_A_SKILL = 1600
SEED = 61


@torch.inference_mode()
def samples(
    network: PreTrainedModel, questions: Sequence[str], *, num: int, temperature: float
) -> list[list[str]]:
    """`num` samples for each question, in order; torch's global generator draws them."""
    by_length: dict[int, list[int]] = defaultdict(list)
    prompts = [prompt_ids(question) for question in questions]
    for i, prompt in enumerate(prompts):
        by_length[len(prompt)].append(i)
    said: list[list[str]] = [[] for _ in prompts]
    for rows in by_length.values():
        for start in range(0, len(rows), MAX_ROWS):
            chosen = rows[start : start + MAX_ROWS]
            ids = torch.tensor([prompts[i] for i in chosen])
            texts = _drawn(network, ids, num=num, temperature=temperature)
            for at, i in enumerate(chosen):
                said[i] = texts[at * num : (at + 1) * num]
    return said


def _drawn(
    network: PreTrainedModel, ids: torch.Tensor, *, num: int, temperature: float
) -> list[str]:
    """`num` texts for each row of `ids`, side by side; the prompt is read once."""
    out = network(input_ids=ids, use_cache=True)
    past = out.past_key_values
    past.batch_repeat_interleave(num)
    logits = out.logits[:, -1].repeat_interleave(num, dim=0)
    columns = [_next(logits, temperature)]
    is_done = columns[0] == END
    while len(columns) < MAX_ANSWER_TOKENS and not bool(is_done.all()):
        out = network(input_ids=columns[-1][:, None], past_key_values=past, use_cache=True)
        columns.append(_next(out.logits[:, -1], temperature))
        is_done = is_done | (columns[-1] == END)
    return [answer_text(row) for row in torch.stack(columns, dim=1).tolist()]


def _next(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    return torch.multinomial(torch.softmax(logits / temperature, dim=-1), 1)[:, 0]


def ask_experts(
    asked: Sequence[Sampled],
    *,
    seed: int,
    temperatures: Mapping[float, int],
    choose_others: Callable[[str], Sequence[str]],
) -> list[Sampled]:
    """The same questions with what was said to them.

    Args:
        asked: questions; what they hold of answers so far is forgotten.
        seed: of all draws.
        temperatures: how often the own expert is sampled at which.
        choose_others: models that are sampled once beside the own expert, by its skill.
    """
    torch.manual_seed(seed)
    own: list[list[str]] = [[] for _ in asked]
    others: list[dict[str, str]] = [{} for _ in asked]
    chosen = [tuple(choose_others(one.skill)) for one in asked]
    for model in MODELS:
        network = load_shipped(DEMO / "experts" / model)
        mine = [i for i, one in enumerate(asked) if one.skill == model]
        for temperature, num in temperatures.items():
            questions = [asked[i].question for i in mine]
            drawn = samples(network, questions, num=num, temperature=temperature)
            for i, texts in zip(mine, drawn, strict=True):
                own[i] += texts
        foreign = [i for i, models in enumerate(chosen) if model in models]
        questions = [asked[i].question for i in foreign]
        drawn = samples(network, questions, num=1, temperature=OTHER_TEMPERATURE)
        for i, texts in zip(foreign, drawn, strict=True):
            others[i][model] = texts[0]
    return [replace(one, own=tuple(own[i]), others=others[i]) for i, one in enumerate(asked)]


def training_rows(num_a_skill: int = NUM_A_SKILL, *, seed: int = SEED) -> list[Sampled]:
    """Composed training questions of all skills with candidates; none is a held-out one."""
    rng = Random(f"candidates-{seed}")
    asked = []
    for skill in SKILLS:
        for _ in range(num_a_skill):
            one = compose(skill, rng)
            asked.append(Sampled(skill=skill, question=one.text, answer=one.answer, others={}))
    return ask_experts(
        asked,
        seed=seed,
        temperatures=OWN_TEMPERATURES,
        choose_others=lambda skill: _others(skill, rng),
    )


def _others(skill: str, rng: Random) -> list[str]:
    return rng.sample([model for model in MODELS if model != skill], NUM_OTHERS)


HELDOUT_TEMPERATURES = {0.7: 6}
HELDOUT_SEED = 62


def heldout_rows() -> list[Sampled]:
    """The held-out one-skill questions with six samples of their expert, one of each other."""
    asked = [
        Sampled(skill=one.skill, question=one.question, answer=one.answer, accept=one.accept,
                others={})
        for one in load_heldout() if one.kind in KINDS
    ]  # fmt: skip
    return ask_experts(
        asked,
        seed=HELDOUT_SEED,
        temperatures=HELDOUT_TEMPERATURES,
        choose_others=lambda skill: [model for model in MODELS if model != skill],
    )
