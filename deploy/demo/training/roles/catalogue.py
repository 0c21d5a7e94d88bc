"""The roles that are trained here, by name."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Role, role_recipe
from .decomposer import decomposer_pair
from .namer import namer_pair

ROLES: Mapping[str, Role] = {
    "namer": Role(
        name="namer",
        compose=namer_pair,
        recipes=(role_recipe("namer", seed=301, num_steps=2500, starts_from="plurals"),),
    ),
    "decomposer": Role(
        name="decomposer",
        compose=decomposer_pair,
        recipes=(
            role_recipe("decomposer-first", seed=302, num_steps=2500, starts_from="plurals"),
            role_recipe("decomposer", seed=402, num_steps=4000, starts_from="decomposer-first"),
        ),
    ),
}
"""Both start from the expert that says words it never saw: it can copy, which takes others long."""
