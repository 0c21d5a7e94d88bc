"""A timeline as one HTML page that needs nothing beside it.

Places and widths are shares of the picture's width, so zooming is nothing but making it wider:
no text is stretched, and a name is seen once its bar has room for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from orchestrator.batch import gantt_tables as tables
from orchestrator.batch.gantt import Lane, condensed, duration, horizon_s, lanes, ranked, ticks_s
from orchestrator.batch.progress import Bar, Timeline

#: Time marks by how far it is zoomed in.
_MARKS_BY_ZOOM = {1: 9, 4: 36, 16: 144, 64: 576}
#: More bars than these are drawn together where they are thin.
_MAX_BARS = 20_000
_AXIS_PX = 22
#: Height of a bar: of few slots, and of many.
_BAR_PX, _LOW_BAR_PX = 18, 12
_FEW_SLOTS = 16
_GAP_PX = 8
#: Neighbouring ranks get hues that differ as much as they can.
_GOLDEN_ANGLE = 137.508


def timeline_page(timeline: Timeline, *, title: str, notes: Sequence[str] = ()) -> str:
    """The page.

    Args:
        timeline: what it draws.
        title: above it.
        notes: sentences below the title.
    """
    template = Template((files("orchestrator.batch") / "gantt_page.html").read_text("utf-8"))
    picture = _Picture(timeline)
    said = [*notes, *picture.notes()]
    return template.substitute(
        title=escape(title),
        notes="\n".join(f"<p>{escape(note)}</p>" for note in said),
        totals=tables.totals_table(timeline),
        lane_px=picture.lane_px,
        names="\n".join(picture.names()),
        height_px=picture.height_px,
        drawn="\n".join(picture.drawn()),
        experts=tables.experts_table(timeline),
    )


class _Picture:
    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._lanes = lanes(timeline)
        self._end_s = horizon_s(timeline)
        self._ranks = {expert: rank for rank, expert in enumerate(ranked(timeline))}
        self._bar_px = _BAR_PX if len(self._lanes) <= _FEW_SLOTS else _LOW_BAR_PX
        self.lane_px = self._bar_px * (2 if timeline.happened else 1) + _GAP_PX
        self.height_px = _AXIS_PX + self.lane_px * max(len(self._lanes), 1)
        num_bars = len(timeline.predicted) + len(timeline.happened)
        self._shortest_s = (
            self._end_s * len(self._lanes) * 2 / _MAX_BARS if num_bars > _MAX_BARS else 0.0
        )

    def notes(self) -> Iterator[str]:
        if not self._lanes:
            yield "There are no runs to draw."
        if self._shortest_s:
            yield f"Runs shorter than {duration(self._shortest_s)} are drawn together."

    def names(self) -> Iterator[str]:
        for lane in self._lanes:
            yield f'<div title="{escape(lane.slot)}">{escape(lane.slot)}</div>'

    def drawn(self) -> Iterator[str]:
        for zoom, most in _MARKS_BY_ZOOM.items():
            hidden = "" if zoom == 1 else ' style="display:none"'
            yield f'<g class="axis" data-zoom="{zoom}"{hidden}>'
            yield from (self._mark(at_s) for at_s in ticks_s(self._end_s, most=most))
            yield "</g>"
        for place, lane in enumerate(self._lanes):
            yield from self._lane(lane, _AXIS_PX + place * self.lane_px)
        yield from self._bound()

    def _mark(self, at_s: float) -> str:
        x = self._share(at_s)
        return (
            f'<line x1="{x}" x2="{x}" y1="{_AXIS_PX - 6}" y2="100%"/>'
            f'<text x="{x}" y="11">{duration(at_s)}</text>'
        )

    def _lane(self, lane: Lane, top_px: int) -> Iterator[str]:
        yield from self._bars(lane.predicted, "p", top_px)
        if self._timeline.happened:
            yield from self._bars(lane.happened, "h", top_px + self._bar_px)

    def _bars(self, bars: Sequence[Bar], kind: str, top_px: int) -> Iterator[str]:
        shown = condensed(bars, shortest_s=self._shortest_s) if self._shortest_s else bars
        for bar in shown:
            yield self._bar(bar, kind, top_px)

    def _bar(self, bar: Bar, kind: str, top_px: int) -> str:
        rank = self._ranks.get(bar.expert)
        # What several experts share has no hue of its own, but a grey.
        colour = ' data-e="-" style="--s:0%"' if rank is None else _colour(rank)
        width_s = bar.ends_s - bar.begins_s
        step = bar.step_s / width_s * 100 if width_s > 0 else 0.0
        # What happened says of steps only that there were some: seen as a mark.
        step_width = f"{step:.4g}%" if step else "2"
        stepped = f'<rect class="s" width="{step_width}" height="100%"/>' if bar.step else ""
        baseline_px = self._bar_px - (5 if self._bar_px == _BAR_PX else 3)
        return (
            f'<svg class="{kind}" x="{self._share(bar.begins_s)}" y="{top_px}" '
            f'width="{self._share(width_s)}" height="{self._bar_px - 1}"{colour}>'
            f"<title>{escape(_told(bar, kind))}</title>"
            f'<rect width="100%" height="100%"/>{stepped}'
            f'<text x="{min(step, 100):.4g}%" dx="3" y="{baseline_px}">{escape(bar.expert)}</text>'
            "</svg>"
        )

    def _bound(self) -> Iterator[str]:
        bound_s = self._timeline.lower_bound_s
        if bound_s is not None and self._lanes:
            x = self._share(bound_s)
            yield (
                f'<line class="bound" x1="{x}" x2="{x}" y1="{_AXIS_PX - 6}" y2="100%">'
                f"<title>no plan can end before {duration(bound_s)}</title></line>"
            )

    def _share(self, seconds: float) -> str:
        return f"{seconds / self._end_s * 100:.5g}%"


def _colour(rank: int) -> str:
    return f' data-e="{rank}" style="--h:{rank * _GOLDEN_ANGLE % 360:.0f}"'


_KINDS: Mapping[str, str] = {"p": "predicted", "h": "happened"}


def _told(bar: Bar, kind: str) -> str:
    calls = "1 call" if bar.num_calls == 1 else f"{bar.num_calls:,} calls"
    took = f" {duration(bar.step_s)}" if bar.step_s else ""
    step = f", {bar.step}{took}" if bar.step else ""
    return (
        f"{bar.expert}, stage {bar.stage}: {calls} on {bar.slot}, {_KINDS[kind]} "
        f"{duration(bar.begins_s)} to {duration(bar.ends_s)}{step}"
    )
