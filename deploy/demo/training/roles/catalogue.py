"""The roles by name, and how all of them are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..export import export
from .base import EXPERTS, Role, train_role
from .naming import decomposer_role, measure_decomposer, measure_namer, namer_role

ROLES: Mapping[str, Callable[[Path], Role]] = {
    "namer": namer_role,
    "decomposer": decomposer_role,
}
MEASURES: Sequence[Callable[[Path], None]] = (measure_namer, measure_decomposer)


def make_roles(names: Sequence[str], work: Path) -> None:
    """Trains roles, writes their folders and scores all roles."""
    for name in names:
        train_role(ROLES[name](work), work)
        export(work / f"{name}.safetensors", EXPERTS / name)
    measure_roles(work)


def measure_roles(work: Path) -> None:
    """Scores of the folders that are there, their cards and the tables of the README."""
    for measure in MEASURES:
        measure(work)
