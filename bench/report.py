"""What was measured and whether it holds: bars, a table for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from operator import ge, le, lt
from pathlib import Path
from statistics import median
from typing import Any, Literal

import orjson
from rich.console import Console
from rich.table import Table

_SENSES: dict[str, Callable[[float, float], bool]] = {"<=": le, ">=": ge, "<": lt}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A target and what became of it."""

    name: str
    #: `None`: not measured.
    value: float | None
    target: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bar before it is measured."""

    name: str
    sense: Literal["<=", ">=", "<"]
    limit: float
    unit: str = ""

    def judge(self, value: float | None) -> Bar:
        """The bar for `value`; what was not measured does not hold."""
        return Bar(
            name=self.name,
            value=None if value is None else round(value, 4),
            target=f"{self.sense} {self.limit:g} {self.unit}".strip(),
            holds=value is not None and _SENSES[self.sense](value, self.limit),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One part, measured."""

    #: Value by the target's name.
    values: Mapping[str, float]
    #: Everything measured, each run included.
    figures: Mapping[str, Any]
    #: Name and value of the rows the table shows besides the bars.
    rows: Sequence[tuple[str, str]] = ()


@dataclass(slots=True, kw_only=True)
class Report:
    """All parts of one go."""

    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    bars: list[Bar] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    #: Reason by part.
    not_measured: dict[str, str] = field(default_factory=dict)
    #: Versions and date by part that an earlier go measured.
    kept: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _rows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, part: str, targets: Sequence[Target], outcome: Outcome) -> None:
        """Take a part that was measured."""
        self.figures[part] = outcome.figures
        self.bars += [target.judge(outcome.values.get(target.name)) for target in targets]
        self._rows += outcome.rows

    def miss(self, part: str, targets: Sequence[Target], reason: str) -> None:
        """Take a part that could not be measured."""
        self.not_measured[part] = reason
        self.bars += [target.judge(None) for target in targets]

    def keep(self, earlier: Mapping[str, Any], parts: Mapping[str, Sequence[Target]]) -> None:
        """Take parts that were measured before, with their bars as they were judged then.

        Args:
            earlier: what `write` wrote.
            parts: names and targets of those to be taken.
        """
        judged = {bar["name"]: Bar(**bar) for bar in earlier["bars"]}
        for name, targets in parts.items():
            if name in earlier["figures"]:
                self.figures[name] = earlier["figures"][name]
                own = {**earlier["versions"], "at": earlier["machine"].get("at", "")}
                self.kept[name] = earlier.get("kept", {}).get(name, own)
            else:
                self.not_measured[name] = earlier["not_measured"].get(name, "was never measured")
            self.bars += [judged.get(target.name, target.judge(None)) for target in targets]

    def write(self, path: Path) -> None:
        """Write the JSON form."""
        content = {
            "machine": self.machine,
            "versions": self.versions,
            "bars": [asdict(bar) for bar in self.bars],
            "figures": self.figures,
            "not_measured": self.not_measured,
            "kept": self.kept,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")

    def show(self, console: Console) -> None:
        """Print the tables and the reasons of what is missing."""
        console.print(_table("Measured", ("figure", "value"), self._rows))
        rows = [
            (bar.name, _number(bar.value), bar.target, "holds" if bar.holds else "MISSED")
            for bar in self.bars
        ]
        console.print(_table("Bars", ("bar", "value", "target", ""), rows))
        for part, reason in self.not_measured.items():
            console.print(f"not measured: {part}: {reason}", markup=False)


def median_of(runs: Sequence[Mapping[str, Any]], *path: str) -> float:
    """Median over `runs` of the number at `path`."""
    return median(_at(run, path) for run in runs)


def _at(run: Mapping[str, Any], path: Sequence[str]) -> float:
    value: Any = run
    for key in path:
        value = value[key]
    return float(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for index, head in enumerate(heads):
        table.add_column(head, justify="left" if index in (0, 3) else "right")
    for row in rows:
        table.add_row(*row)
    return table
