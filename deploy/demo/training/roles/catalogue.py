"""The roles by name, and how all of them are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..export import export
from .base import EXPERTS, train_role
from .judging import measure_judging, train_judge, train_synthesiser
from .naming import decomposer_role, measure_decomposer, measure_namer, namer_role

#: Each leaves float32 weights, by the role's name, in the folder it is given.
ROLES: Mapping[str, Callable[[Path], None]] = {
    "namer": lambda work: train_role(namer_role(work), work),
    "decomposer": lambda work: train_role(decomposer_role(work), work),
    "synthesiser": train_synthesiser,
    "judge": train_judge,
}
MEASURES: Sequence[Callable[[Path], None]] = (
    measure_namer,
    measure_decomposer,
    measure_judging,
)


def make_roles(names: Sequence[str], work: Path) -> None:
    """Trains roles, writes their folders and scores all roles."""
    for name in names:
        ROLES[name](work)
        export(work / f"{name}.safetensors", EXPERTS / name)
    measure_roles(work)


def measure_roles(work: Path) -> None:
    """Scores of the folders that are there, their cards and the tables of the README."""
    for measure in MEASURES:
        measure(work)
