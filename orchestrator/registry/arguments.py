"""`engine.args` of hosted experts, by whoever knows the installed vLLM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import Finding, KeyPath


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
    unchecked: list[KeyPath] = []
    for path, args in _arguments(draft):
        if check_args is None and args:
            unchecked.append(path)
        elif check_args is not None:
            for fault in check_args(args):
                yield _finding(path, fault)
    if unchecked:
        yield Finding(
            path=unchecked[0],
            reason=f"args of {len(unchecked)} expert(s) were not checked: vLLM is not installed",
            is_warning=True,
        )


def _arguments(draft: Draft) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Every `args` that goes to vLLM, and where it stands."""
    for at, expert in draft.hosted.items():
        assert isinstance(expert.engine, VllmEngine)
        yield ("experts", at, "engine", "args"), expert.engine.args
        for number, variant in enumerate(expert.variants):
            yield ("experts", at, "variants", number, "args"), variant.args


def _finding(path: KeyPath, fault: ArgFault) -> Finding:
    return Finding(
        path=(*path, fault.name),
        reason=fault.reason,
        value=fault.value,
        allowed=fault.allowed,
        nearest=fault.nearest,
        is_about_key=fault.value is None,
    )
