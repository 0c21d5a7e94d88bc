"""`python -m deploy.demo.training all`: questions, training, export and scores from the seeds."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from .adapter_scores import measure_adapters
from .adapters import own_answers, train_adapter
from .export import GENERALIST, export
from .facts import QUESTIONS
from .forms import FORMS
from .heldout import heldout_questions, write_jsonl
from .instances import SKILLS
from .measure import EXPERTS, MODELS, measure_all, weights_folder
from .merges import measure_merges
from .roles.catalogue import ROLES, make_roles, measure_roles
from .router_set import write_router_set
from .train import STEPS, recipes_of, train
from .variants import measure_variants

NUM_PROCESSES = os.cpu_count() or 1


def main() -> None:
    """Runs one command."""
    parser = argparse.ArgumentParser(prog="deploy.demo.training", description=__doc__)
    parser.add_argument("--work", type=Path, help="where float32 weights go")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("all", help="everything, from the seeds")
    commands.add_parser("questions", help="write heldout.jsonl and train.jsonl")
    commands.add_parser("train", help="train one").add_argument("name")
    commands.add_parser("export", help="write expert folders").add_argument("names", nargs="*")
    commands.add_parser("measure", help="score the expert folders")
    commands.add_parser("adapters", help="train the adapters on the generalist and score them")
    commands.add_parser("measure-adapters", help="score the adapters")
    commands.add_parser("merges", help="score merges of two experts")
    commands.add_parser("variants", help="score the experts in fewer bits")
    roles = commands.add_parser("roles", help="train roles of compositions and score them")
    roles.add_argument("names", nargs="*", type=_role, metavar=f"{{{','.join(ROLES)}}}")
    commands.add_parser("measure-roles", help="score the roles")
    arguments = parser.parse_args()
    _run(arguments, weights_folder(arguments.work))


def _run(arguments: argparse.Namespace, work: Path) -> None:
    names = getattr(arguments, "names", None) or MODELS
    steps: dict[str, Callable[[], None]] = {
        "questions": write_questions,
        "train": lambda: train_one(arguments.name, work),
        "export": lambda: export_all(names, work),
        "measure": lambda: measure_all(NUM_PROCESSES),
        "adapters": train_adapters,
        "measure-adapters": measure_adapters,
        "merges": lambda: measure_merges(NUM_PROCESSES),
        "roles": lambda: make_roles(arguments.names or list(ROLES), work),
        "measure-roles": lambda: measure_roles(work),
        "variants": lambda: measure_variants(NUM_PROCESSES),
    }
    if arguments.command != "all":
        steps[arguments.command]()
        return
    write_questions()
    train_all(work)
    export_all(MODELS, work)
    measure_all(NUM_PROCESSES)
    train_adapters()
    make_roles(list(ROLES), work)


def _role(name: str) -> str:
    if name not in ROLES:
        raise argparse.ArgumentTypeError(f"{name!r} is no role; known: {', '.join(ROLES)}")
    return name


def export_all(names: Sequence[str], work: Path) -> None:
    """The folders of these models."""
    for name in names:
        export(work / f"{name}.safetensors", EXPERTS / name)


def write_questions() -> None:
    """Both question files, byte for byte as committed."""
    write_jsonl(QUESTIONS / "heldout.jsonl", heldout_questions())
    write_router_set()


def train_one(name: str, work: Path) -> None:
    """Trains the trunk, the generalist or one expert."""
    for recipe in recipes_of(name):
        train(recipe, work)


def train_adapters() -> None:
    """Both adapters, from the same answers of the shipped generalist, and their scores."""
    asked = own_answers("adapters")
    for form in FORMS:
        train_adapter(form, asked)
    measure_adapters()


def train_all(work: Path) -> None:
    """The trunk first, then everything else, some at a time.

    Raises:
        RuntimeError: A training ended with an error; its output says why.
    """
    started_s = time.perf_counter()
    train_one("trunk", work)
    longest_first = sorted(SKILLS, key=lambda skill: -STEPS[skill])
    waiting, running = deque((*longest_first, GENERALIST)), dict[str, subprocess.Popen[bytes]]()
    while waiting or running:
        while waiting and len(running) < NUM_PROCESSES:
            name = waiting.popleft()
            command = [sys.executable, "-m", "deploy.demo.training", "--work", str(work)]
            running[name] = subprocess.Popen([*command, "train", name])
        time.sleep(0.5)
        for name, process in list(running.items()):
            if process.poll() is not None:
                del running[name]
                if process.returncode:
                    raise RuntimeError(f"training of {name!r} ended with {process.returncode}")
    print(f"trained in {time.perf_counter() - started_s:.0f} s")


if __name__ == "__main__":
    main()
