"""The entry of a skill router."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.registry.fields import Id
from orchestrator.registry.router_entry import RouterEntry


class SkillRouter(RouterEntry):
    """Recruits experts by the skills of a question (Symbolic-MoE, arXiv:2503.05641)."""

    kind: Literal["skill"] = Field(description="How it chooses.")
    artifact: str = Field(
        min_length=1,
        description="Folder written by `orchestrator fit skill`, relative to this file.",
    )
    fallback: Id = Field(description="Expert for questions whose skills are not known.")
    mode: Literal["paper", "released", "top_k"] = Field(
        "top_k", description="Draw as the paper or its code does, or take the best by profile."
    )
    k: int = Field(3, ge=1, le=64, description="Experts that are recruited for a question.")
    probability: float | None = Field(
        None,
        gt=0,
        le=1,
        description="In `top_k`: only as many as reach this chance of a right vote, at most k.",
    )
    num_options: int = Field(
        10, ge=2, description="Answers a question may have; 10 stands for open ones."
    )
    trim_share: float = Field(
        0.05, ge=0, lt=1, description="In `paper`: experts with a smaller share are replaced."
    )
    embedder: Literal["static", "minilm"] = Field(
        "static", description="How skills that nobody measured are read as known ones."
    )
