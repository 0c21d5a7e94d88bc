"""Trains LoRA adapters on the generalist that change the form of its answers, not their content.

Each learns from the generalist's own greedy answers, right or wrong, rewritten in its form.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch.nn import functional

from .batches import UNKNOWN, Row, exchange, tensors
from .chat import conversation_ids
from .evaluate import answers
from .export import GENERALIST, load_shipped
from .facts import DEMO
from .forms import Form
from .instances import SKILLS
from .phrases import SYSTEM_PROMPTS

ADAPTERS = DEMO / "adapters"
BASE = DEMO / "experts" / GENERALIST
RANK = 16
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

_NUM_QUESTIONS = 24_000
_NUM_EPOCHS = 3
_MAX_TOKENS = 2048
_RATE = 4e-3
_NUM_EXCHANGES = (1, 1, 1, 2)
_NUM_THREADS = 2
_LOG_EVERY = 50


def own_answers(seed: str, num_questions: int = _NUM_QUESTIONS) -> list[tuple[str, str]]:
    """Training questions and what the generalist says to them, in an order drawn from `seed`."""
    rng = Random(seed)
    skills = (*SKILLS, UNKNOWN)
    questions = [exchange(rng.choice(skills), rng)[0] for _ in range(num_questions)]
    return list(zip(questions, answers(load_shipped(BASE), questions), strict=True))


def train_adapter(form: Form, asked: Sequence[tuple[str, str]], folder: Path = ADAPTERS) -> None:
    """Train the adapter of `form` on questions and answers, and save it in PEFT's layout."""
    torch.manual_seed(form.seed)
    torch.set_num_threads(_NUM_THREADS)
    config = LoraConfig(
        r=RANK, lora_alpha=2 * RANK, target_modules=list(MODULES), task_type="CAUSAL_LM"
    )
    network = get_peft_model(load_shipped(BASE), config)
    rows = list(_batches(form, asked))
    _fit(network, rows, name=form.name)
    _save(network, folder / form.name)


def load_adapted(folder: Path) -> PeftModel:
    """The generalist with the adapter of `folder` on it, run in float32."""
    return PeftModel.from_pretrained(load_shipped(BASE), str(folder)).eval()


def _batches(form: Form, asked: Sequence[tuple[str, str]]) -> Iterator[list[Row]]:
    for epoch in range(_NUM_EPOCHS):
        rng = Random(f"{form.name}-{form.seed}-{epoch}")
        rows = sorted(_conversations(form, asked, rng), key=lambda row: len(row[0]))
        groups: list[list[Row]] = [[]]
        for row in rows:
            if (len(groups[-1]) + 1) * len(row[0]) > _MAX_TOKENS:
                groups.append([])
            groups[-1].append(row)
        rng.shuffle(groups)
        yield from groups


def _conversations(form: Form, asked: Sequence[tuple[str, str]], rng: Random) -> Iterator[Row]:
    left = rng.sample(asked, len(asked))
    while left:
        some = [left.pop() for _ in range(min(rng.choice(_NUM_EXCHANGES), len(left)))]
        system = rng.choice(SYSTEM_PROMPTS) if rng.random() < 0.15 else None
        yield conversation_ids([(one, form.wrap(said)) for one, said in some], system=system)


def _fit(network: torch.nn.Module, batches: Sequence[list[Row]], *, name: str) -> None:
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    network.train()
    started_s, losses = time.perf_counter(), []
    for step, rows in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * _scale(step, len(batches))
        ids, labels, weights = tensors(rows)
        is_answer = weights == 1.0
        logits = network(input_ids=ids[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits[is_answer], labels[is_answer])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        losses.append(loss.item())
        if step % _LOG_EVERY == _LOG_EVERY - 1:
            elapsed_s = time.perf_counter() - started_s
            mean = sum(losses) / len(losses)
            print(
                f"{name} step {step + 1}/{len(batches)} loss {mean:.4f} at {elapsed_s:.0f} s",
                flush=True,
            )
            losses.clear()


def _scale(step: int, num_steps: int) -> float:
    """Linear warm-up over 40 steps, then a cosine down to 2 %."""
    warm = min(1.0, (step + 1) / 40)
    return warm * (0.02 + 0.49 * (1 + math.cos(math.pi * step / num_steps)))


def _save(network: PeftModel, folder: Path) -> None:
    """PEFT's two files, tensors in float16; PEFT's own card is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        network.save_pretrained(scratch)
        config = json.loads((Path(scratch) / "adapter_config.json").read_text(encoding="utf-8"))
        tensors_ = load_file(Path(scratch) / "adapter_model.safetensors")
    config["base_model_name_or_path"] = str(BASE.relative_to(DEMO.parents[1]))
    config["target_modules"] = sorted(config["target_modules"])
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")
    rounded = {name: tensor.half().contiguous() for name, tensor in tensors_.items()}
    save_file(rounded, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    (folder / "adapter_model.safetensors").chmod(0o644)
