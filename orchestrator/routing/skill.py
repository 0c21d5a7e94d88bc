"""Builds a skill router from its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.registry.router_skill import SkillRouter as SkillEntry
from routers.skill_cache import SkillCache

if TYPE_CHECKING:
    from routers.skill import SkillRouter


def skill_router(spec: SkillEntry, *, named: SkillCache) -> SkillRouter:
    """The router that `spec` names.

    Args:
        spec: of the registry.
        named: skills that models have named; filled by whoever asks them.

    Raises:
        RouterError: its folder or its rule cannot be used.
    """
    from routers.recruiter import Recruiting
    from routers.skill_files import load_skill_router

    rule = Recruiting(
        mode=spec.mode,
        k=spec.k,
        probability=spec.probability,
        num_options=spec.num_options,
        trim_share=spec.trim_share,
        trim="standing",
    )
    return load_skill_router(
        spec.artifact, fallback=spec.fallback, embedder=spec.embedder, rule=rule, named=named
    )
