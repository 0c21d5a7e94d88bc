"""What the licences of the sources ask of a merge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.registry.models import Expert

#: Terms that reach what is made from a work, by how SPDX and model hubs name them.
_NO_DERIVATIVES = re.compile(r"-nd\b", re.IGNORECASE)
_SHARE_ALIKE = re.compile(r"\b(a?gpl)\b|-sa\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The licences of a merge: all of its sources'."""

    #: SPDX expression; `None` where no source states a licence.
    expression: str | None
    #: What a person has to judge, one sentence each.
    conflicts: tuple[str, ...] = ()


def terms_of(experts: Sequence[Expert]) -> Terms:
    """The union of the experts' licences, and where it is in doubt."""
    stated = sorted({expert.license for expert in experts if expert.license})
    conflicts = [*_unstated(experts), *_forbidden(experts)]
    if len(stated) > 1:
        conflicts += _rivals(experts, stated)
    return Terms(expression=" AND ".join(stated) or None, conflicts=tuple(conflicts))


def _unstated(experts: Sequence[Expert]) -> list[str]:
    return [f"{one.id} states no licence; ask its owner" for one in experts if not one.license]


def _forbidden(experts: Sequence[Expert]) -> list[str]:
    return [
        f"{one.license} of {one.id} allows no derived works, and a merge is one"
        for one in experts
        if one.license and _NO_DERIVATIVES.search(one.license)
    ]


def _rivals(experts: Sequence[Expert], stated: Sequence[str]) -> list[str]:
    return [
        f"{one.license} of {one.id} binds what is made from it to the same terms, and the merge "
        f"is also under {', '.join(name for name in stated if name != one.license)}"
        for one in experts
        if one.license and _SHARE_ALIKE.search(one.license)
    ]
