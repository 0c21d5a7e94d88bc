"""A timeline for terminals: a line a slot, and another one for what happened beside the plan.

Every run begins with its expert's name, so it can be read where there are no colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from orchestrator.batch.gantt import Lane, duration, horizon_s, lanes, ranked, ticks_s
from orchestrator.batch.progress import Bar, Timeline

_STEP, _RUN, _MARK = "▒", "━", "╵"
#: Of the 256 colours, those that differ most and are read on black and on white.
_COLOURS = (33, 166, 35, 162, 136, 98, 37, 160, 64, 170, 130, 69)
_LONGEST_NAME = 16
_MAX_SLOTS = 64
#: A time axis has a mark for so many columns at most.
_TICK_COLUMNS = 11
#: A cell of a lane: whose it is, and whether it is its step.
_Cell = tuple[Bar | None, bool]


def timeline_text(timeline: Timeline, *, width: int) -> Text:
    """Its lines, none wider than `width` columns."""
    shown = lanes(timeline)[:_MAX_SLOTS]
    if not shown:
        return Text("no runs")
    return _Drawing(timeline, shown, width).text()


class _Drawing:
    def __init__(self, timeline: Timeline, shown: Sequence[Lane], width: int) -> None:
        self._timeline = timeline
        self._lanes = shown
        self._end_s = horizon_s(timeline)
        self._width = width
        self._name_columns = min(max(cell_len(one.slot) for one in shown), _LONGEST_NAME)
        self._label_columns = self._name_columns + (6 if timeline.happened else 1)
        self._columns = max(width - self._label_columns, 10)
        self._styles = _styles(ranked(timeline))

    def text(self) -> Text:
        found = Text(no_wrap=True, overflow="crop")
        for line in (*self._axis(), *self._drawn(), *self._notes()):
            line.truncate(self._width)
            line.rstrip()
            found.append_text(line).append("\n")
        return found

    def _axis(self) -> Iterator[Text]:
        labels, marks = [" "] * self._width, [" "] * self._width
        for at_s in ticks_s(self._end_s, most=max(self._columns // _TICK_COLUMNS, 1)):
            column = self._label_columns + int(at_s / self._end_s * self._columns)
            label = duration(at_s)
            if column + len(label) <= self._width:
                labels[column : column + len(label)] = label
                marks[column] = _MARK
        yield Text("".join(labels), style="dim")
        yield Text("".join(marks), style="dim")

    def _drawn(self) -> Iterator[Text]:
        for lane in self._lanes:
            name = set_cell_size(_printable(lane.slot), self._name_columns)
            if not self._timeline.happened:
                yield self._lane(f"{name} ", lane.predicted)
                continue
            yield self._lane(f"{name} plan ", lane.predicted)
            yield self._lane(f"{' ' * self._name_columns} done ", lane.happened)

    def _lane(self, label: str, bars: Sequence[Bar]) -> Text:
        line = Text(label)
        cells = _painted(bars, num_cells=self._columns, end_s=self._end_s)
        for (_, is_step), together in groupby(cells, key=lambda cell: (id(cell[0]), cell[1])):
            segment = list(together)
            self._append(line, segment[0][0], is_step=is_step, columns=len(segment))
        return line

    def _append(self, line: Text, bar: Bar | None, *, is_step: bool, columns: int) -> None:
        if bar is None:
            line.append(" " * columns)
        elif is_step:
            line.append(_STEP * columns, style="dim")
        else:
            line.append(_named(bar, columns), style=self._styles.get(bar.expert, ""))

    def _notes(self) -> Iterator[Text]:
        more = len(lanes(self._timeline)) - len(self._lanes)
        if more:
            yield Text(f"and {more} more slots")
        yield Text(f"{_STEP} a step to the expert named behind it, {_RUN} its calls", style="dim")


def _painted(bars: Sequence[Bar], *, num_cells: int, end_s: float) -> list[_Cell]:
    """What each cell shows: whatever fills most of it; a wide run's step is seen in any case."""
    cells: list[_Cell] = [(None, False)] * num_cells
    filled_s = [0.0] * num_cells
    cell_s = end_s / num_cells
    for bar in bars:
        works_s = bar.begins_s + bar.step_s
        for part in ((bar.begins_s, works_s, True), (works_s, bar.ends_s, False)):
            from_s, to_s, is_step = part
            for place in range(int(from_s / cell_s), min(ceil(to_s / cell_s), num_cells)):
                share_s = min(to_s, (place + 1) * cell_s) - max(from_s, place * cell_s)
                if share_s > filled_s[place]:
                    filled_s[place], cells[place] = share_s, (bar, is_step)
    return _with_steps(cells)


def _with_steps(cells: list[_Cell]) -> list[_Cell]:
    """Of a run of three cells the first is its step and the last is not, however long that is."""
    found: list[_Cell] = []
    for _, together in groupby(cells, key=lambda cell: id(cell[0])):
        segment = list(together)
        bar = segment[0][0]
        if bar is not None and bar.step is not None and len(segment) >= 3:
            segment[0], segment[-1] = (bar, True), (bar, False)
        found += segment
    return found


def _named(bar: Bar, columns: int) -> str:
    name = _printable(bar.expert)
    if cell_len(name) > columns - 1 and columns > 2:
        name = set_cell_size(name, columns - 1)
    filled = name if cell_len(name) > columns else name + _RUN * (columns - cell_len(name))
    return set_cell_size(filled, columns)


def _styles(experts: Sequence[str]) -> Mapping[str, str]:
    return {
        expert: f"color({_COLOURS[place]})" if place < len(_COLOURS) else ""
        for place, expert in enumerate(experts)
    }


def _printable(name: str) -> str:
    """No name can steer the terminal it is shown on."""
    return "".join(letter if letter.isprintable() else "?" for letter in name) or "?"
