"""Slots as lines of a terminal: at most as wide as it is, the most important first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.client.residency_wire import (
    CircuitState,
    EngineState,
    ExpertRef,
    Memory,
    Queue,
    Residency,
    SlotState,
)

#: Queues that are shown of one slot; the rest is counted.
_MAX_QUEUES = 12
_MAX_NAMES = 4


def residency_lines(residency: Residency, *, width: int) -> list[str]:
    """Every slot in turn, then experts that none hosts."""
    lines: list[str] = []
    for slot in residency.slots:
        lines += [*_slot(slot, width), ""]
    for circuit in residency.circuits:
        lines += _wrapped(f"{_engine_of(circuit)}  ", _circuit(circuit, residency.gateway), width)
    homeless = [_name(one.expert) for one in residency.experts if not one.slots]
    if homeless:
        lines += _wrapped("hosted nowhere: ", ", ".join(homeless), width)
    num_experts = len(residency.experts)
    hosted = f"{num_experts} expert{'' if num_experts == 1 else 's'} of slots"
    told = f"generation {residency.generation}: {hosted}; * is pinned"
    return [*lines, *textwrap.wrap(told, width)]


def _slot(slot: SlotState, width: int) -> Iterator[str]:
    age = f", {_seconds(slot.age_s)} ago" if slot.state == "silent" and slot.age_s else ""
    detail = "" if slot.detail == slot.state else slot.detail
    yield from _wrapped(f"{slot.name}  {slot.state}{age}  ", detail, width)
    yield from _wrapped("  ", "  ".join(_figures(slot)), width)
    if slot.action:
        yield from _wrapped("  last  ", slot.action, width)
    if slot.why:
        yield from _wrapped("  now   ", slot.why, width)
    if slot.engines:
        titles = ("engine", "rung", "residents", "calls", "step")
        yield from _table(titles, map(_engine, slot.engines), width)
    if slot.queues:
        yield from _table(("waiting", "calls", "oldest", "expected"), _queues(slot.queues), width)
    for broken in slot.broken:
        yield from _wrapped(f"  broken {_name(broken.expert)}: ", broken.why, width)


def _figures(slot: SlotState) -> Iterator[str]:
    if slot.device is not None:
        yield f"device {_gib(slot.device)}"
    if slot.host is not None and (slot.host.taken_gib or slot.host.room_gib is not None):
        yield f"host {_gib(slot.host)}"
    if slot.hit_rate is not None:
        yield f"hits {slot.hit_rate:.0%} of {slot.num_admitted}"
    if slot.num_steps:
        yield "steps " + " ".join(f"{kind} {n}" for kind, n in sorted(slot.num_steps.items()))
    if slot.reuse is not None:
        yield f"SRP {slot.reuse.srp:.2f} SCH {slot.reuse.sch:.2f}"


def _engine(engine: EngineState) -> tuple[str, ...]:
    held = [f"{_name(one)}*" if one in engine.pinned else _name(one) for one in engine.residents]
    wanted = [f"({_name(one)}*)" for one in engine.pinned if one not in engine.residents]
    num_calls = sum(one.num_calls for one in engine.in_flight)
    return (
        engine.id,
        engine.rung or engine.state,
        _some([*held, *wanted]),
        str(num_calls),
        _doing(engine),
    )


def _doing(engine: EngineState) -> str:
    if engine.down is not None:
        return f"down: {engine.down}"
    if engine.step is not None:
        to = "" if engine.step.expert is None else f" to {_name(engine.step.expert)}"
        return f"{engine.step.kind}{to} {_seconds(engine.step.for_s)}"
    if engine.draining_for is not None:
        return f"drains for {_name(engine.draining_for)}"
    return "" if engine.state == "up" else engine.detail


def _queues(queues: Sequence[Queue]) -> Iterator[tuple[str, ...]]:
    longest = sorted(queues, key=lambda one: -one.oldest_s)
    for one in longest[:_MAX_QUEUES]:
        expected = "?" if one.expected_s is None else _seconds(one.expected_s)
        yield _name(one.expert), str(one.num_calls), _seconds(one.oldest_s), expected
    if len(longest) > _MAX_QUEUES:
        rest = longest[_MAX_QUEUES:]
        yield f"{len(rest)} more", str(sum(one.num_calls for one in rest)), "", ""


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]], width: int) -> Iterator[str]:
    """Columns as wide as their widest cell; the last one is cut at the terminal's edge."""
    table = [titles, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(titles))]
    for row in table:
        cells = [cell.ljust(size) for cell, size in zip(row, widths, strict=True)]
        yield _cut("  " + "  ".join(cells).rstrip(), width)


def _wrapped(head: str, text: str, width: int) -> list[str]:
    indent = " " * min(len(head), 8)
    return textwrap.wrap(head + text, width, subsequent_indent=indent, drop_whitespace=True) or (
        [head.rstrip()] if head.strip() else []
    )


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _engine_of(circuit: CircuitState) -> str:
    if circuit.expert is not None:
        return f"upstream of {_name(circuit.expert)}"
    return str(circuit.slot)


def _circuit(circuit: CircuitState, gateway: str) -> str:
    state = circuit.state.replace("_", " ")
    tried = f"in {_seconds(circuit.retry_s)}" if circuit.retry_s else "by the next call"
    return (
        f"circuit {state} at gateway {gateway} for {_seconds(circuit.for_s)}: "
        f"{circuit.reason}, {circuit.num_failures} in a row; tried {tried}"
    )


def _some(names: Sequence[str]) -> str:
    more = f" +{len(names) - _MAX_NAMES}" if len(names) > _MAX_NAMES else ""
    return (", ".join(names[:_MAX_NAMES]) or "-") + more


def _name(expert: ExpertRef) -> str:
    """Its id; with the version where it is not what callers get now."""
    return expert.id if expert.is_live else f"{expert.id}@{expert.version[:6]}"


def _gib(memory: Memory) -> str:
    room = "" if memory.room_gib is None else f"/{memory.room_gib:.1f}"
    return f"{memory.taken_gib:.1f}{room} GiB"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f}s" if seconds < 10 else f"{seconds:.0f}s"
