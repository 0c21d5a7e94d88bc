"""Who answers together where the entry names them: those who can and may, within the caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orchestrator.compositions.base import Decision, Query
from orchestrator.compositions.program import StagedProgram


def able(program: StagedProgram[Any], query: Query, names: Sequence[str]) -> tuple[str, ...]:
    """Those that can and may take `query` together, in order.

    Args:
        program: who asks them.
        query: as they are asked it, within the limits of the program.
        names: experts and compositions; the first of them go first where caps do not hold all.
    """
    found, limits = list[str](), query.limits
    for name in names:
        if program.why_not(name, replace(query, limits=limits)) is None:
            found.append(name)
            if name not in program.generation.programs:
                most = program.generation.most(name, query)
                limits = limits.after(price_usd=most.price_usd, energy_j=most.energy_j)
    return tuple(found)


def proposed(program: StagedProgram[Any], query: Query, names: Sequence[str]) -> Decision:
    """The decision to ask all of `names` that can take `query`, the first of them first.

    Args:
        program: who asks them.
        query: as they are asked it, within the limits of the program.
        names: experts and compositions, one at least.

    Raises:
        RequestError: nobody can, for the reason of the first.
        OverloadedError: nobody is expected to answer soon enough.
    """
    team = able(program, query, names)
    if not team and (refusal := program.why_not(names[0], query)) is not None:
        raise refusal
    expert = program.generation.registry.expert(team[0])
    filled = {} if expert is None else program.generation.filled_in(query.sampling, expert)
    return Decision(
        expert=team[0],
        generation=program.generation.number,
        composition=program.id,
        team=team,
        defaults=filled,
    )
