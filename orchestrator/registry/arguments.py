"""`engine.args` of hosted experts, by whoever knows the installed vLLM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding
from orchestrator.registry.models import VllmEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgFault:
    """What is wrong with one engine argument."""

    name: str
    reason: str
    #: Rendered by `faults.shown`; `None` where the name itself is at fault.
    value: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None


#: `engine.args` as written -> what is wrong with them. Passed in, as the layer that knows vLLM's
#: arguments stands above this one.
CheckArgs = Callable[[Mapping[str, Any]], Sequence[ArgFault]]


def findings(draft: Draft, check_args: CheckArgs | None) -> Iterator[Finding]:
    """Everything wrong with engine arguments; one warning where nobody can tell."""
    unchecked = []
    for at, expert in draft.hosted.items():
        assert isinstance(expert.engine, VllmEngine)
        if check_args is None and expert.engine.args:
            unchecked.append(at)
        elif check_args is not None:
            for fault in check_args(expert.engine.args):
                yield _finding(at, fault)
    if unchecked:
        yield Finding(
            path=("experts", unchecked[0], "engine", "args"),
            reason=f"args of {len(unchecked)} expert(s) were not checked: vLLM is not installed",
            is_warning=True,
        )


def _finding(at: int, fault: ArgFault) -> Finding:
    return Finding(
        path=("experts", at, "engine", "args", fault.name),
        reason=fault.reason,
        value=fault.value,
        allowed=fault.allowed,
        nearest=fault.nearest,
        is_about_key=fault.value is None,
    )
