"""Limits of compositions: each selector means an expert, and somebody is left to answer."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.registry.composition_entry import LimitsEntry
from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, nearest, shown
from orchestrator.registry.models import Expert
from orchestrator.registry.selectors import selector


def selectors_of(expert: Expert) -> frozenset[str]:
    """Every selector that means `expert`."""
    found = {f"expert:{expert.id}", *(f"tag:{tag}" for tag in expert.tags)}
    if expert.license is not None:
        found.add(f"license:{expert.license}")
    if expert.owner is not None:
        found.add(f"owner:{expert.owner}")
    return frozenset(map(selector, found))


def findings(draft: Draft) -> Iterator[Finding]:
    """Selectors that mean nobody, and limits that leave nobody.

    An exclusion that means nobody is a warning: it may be meant for what comes.
    """
    if len(draft.experts) != len(draft.expert_ids):
        return  # a faulty expert may be the one that is meant
    answering = [selectors_of(one) for one in draft.experts.values() if not one.embeds]
    for name, composition in draft.compositions.items():
        path: KeyPath = ("compositions", name, "limits")
        yield from _meaningless(composition.limits, path, answering)
        if _leaves_nobody(composition.limits, answering):
            yield Finding(path=path, reason="leave no expert that answers; include more")
        if composition.limits.max_energy_j is not None and not _has_energy(draft):
            reason = "cannot be kept: no expert has `energy`"
            yield Finding(path=(*path, "max_energy_j"), reason=reason)


def _meaningless(
    limits: LimitsEntry, path: KeyPath, answering: list[frozenset[str]]
) -> Iterator[Finding]:
    known = tuple(sorted(frozenset[str]().union(*answering)))
    for key in ("include", "exclude"):
        for at, text in enumerate(getattr(limits, key)):
            if selector(text) not in known and not text.startswith("expert:"):
                yield Finding(
                    path=(*path, key, at),
                    value=shown(text),
                    reason="means no expert that answers",
                    nearest=nearest(selector(text), known),
                    is_warning=key == "exclude",
                )


def _has_energy(draft: Draft) -> bool:
    return any(expert.energy is not None for expert in draft.experts.values())


def _leaves_nobody(limits: LimitsEntry, answering: list[frozenset[str]]) -> bool:
    include, exclude = (set(map(selector, one)) for one in (limits.include, limits.exclude))
    left = [own for own in answering if not own & exclude and (not include or own & include)]
    return bool(answering) and not left
