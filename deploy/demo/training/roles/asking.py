"""What the synthesiser and the judge are asked: the prompts that operators' files name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from orchestrator.prompts.catalogue import loaded
from orchestrator.prompts.roles import Role
from orchestrator.prompts.template import Template

from ..facts import DEMO


@cache
def _prompt(role: Role) -> Template:
    return loaded(DEMO / "prompts" / f"{role}.jinja", role)


def synthesis_prompt(message: str, candidates: Sequence[str]) -> str:
    """The turn of the synthesiser."""
    return _prompt("synthesise").render(message=message, candidates=candidates)


def judge_prompt(message: str, candidate: str) -> str:
    """The turn of the judge."""
    return _prompt("judge").render(message=message, candidate=candidate)
