"""A timeline as a page."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from orchestrator.batch.gantt_page import timeline_page
from orchestrator.batch.progress import Timeline
from tests.unit.batch.timelines import bar, large, small

_VOID = {"meta", "input", "br"}
EVIL = '</title><script>alert("1")</script>&\'"'


class Page(HTMLParser):
    """Reads a page: elements with attributes, and what is open at its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def bars(self, kind: str) -> list[dict[str, str | None]]:
        """Those of the picture, not of its key."""
        return [
            at for tag, at in self.found if tag == "svg" and at.get("class") == kind and "x" in at
        ]


def page_of(timeline: Timeline, **more) -> str:
    return timeline_page(timeline, title="Timeline", **more)


@pytest.mark.parametrize(
    "timeline",
    [Timeline(batch_id="b"), small(), replace(small(), happened=()), large()],
    ids=["nothing", "small", "plan alone", "large"],
)
def test_a_page_closes_what_it_opens_and_needs_nothing_beside_it(timeline):
    text = page_of(timeline)

    assert Page(text).open == []
    assert re.findall(r"https?:|//[a-z]|@import|url\(|<link|src=", text) == []


def test_no_name_can_write_into_the_page():
    bars = (bar(EVIL, EVIL, 0, 1, step_s=0.1),)
    evil = Timeline(batch_id=EVIL, predicted=bars, happened=bars)

    text = timeline_page(evil, title=EVIL, notes=[EVIL])

    assert EVIL not in text
    page = Page(text)
    assert page.open == []
    assert sum(tag == "script" for tag, _ in page.found) == 1
    assert {name for _, at in page.found for name in at if name.startswith("on")} == set()


def test_a_name_like_a_place_in_the_template_is_a_name():
    text = page_of(Timeline(batch_id="b", predicted=(bar("$names", "${drawn}", 0, 1),)))

    assert ">$names<" in text
    assert ">${drawn}<" in text


def test_bars_are_where_their_seconds_are():
    timeline = Timeline(batch_id="b", predicted=(bar("a", "x", 0, 25), bar("a", "y", 25, 100)))

    first, second = Page(page_of(timeline)).bars("p")

    assert (first["x"], first["width"]) == ("0%", "25%")
    assert (second["x"], second["width"]) == ("25%", "75%")


def test_happened_lies_below_predicted_in_the_same_lane():
    page = Page(page_of(small()))

    predicted, happened = page.bars("p"), page.bars("h")
    assert (len(predicted), len(happened)) == (3, 3)
    assert int(predicted[0]["y"]) + int(predicted[0]["height"]) < int(happened[0]["y"])
    assert int(happened[0]["y"]) < int(predicted[2]["y"])
    assert predicted[0]["style"] == happened[0]["style"]


def test_the_totals_say_how_far_they_are_apart():
    text = page_of(small())

    # 120 s over 100 s.
    assert "<td>+20.0%</td>" in text
    assert "<td>1 min 35 s</td>" in text
    assert "law, stage 0: 5 calls on a, predicted 40 s to 1 min 40 s, swap 10 s" in text


def test_a_step_that_nobody_measured_is_a_mark():
    swapped = replace(bar("a", "maths", 0, 10), step="swap")

    text = page_of(Timeline(batch_id="b", happened=(swapped,)))

    marks = [at for tag, at in Page(text).found if tag == "rect" and at.get("class") == "s"]
    assert [at["width"] for at in marks] == ["100%", "2"]
    assert "happened 0 s to 10 s, swap</title>" in text
    assert "<td>happened</td><td>1</td><td>5</td><td>1</td><td></td><td>10 s</td>" in text


def test_a_plan_alone_has_no_place_for_what_happened():
    page = Page(page_of(replace(small(), happened=())))

    assert page.bars("h") == []
    assert len({at["y"] for at in page.bars("p")}) == 2


def test_a_thousand_runs_on_64_slots_are_all_drawn_in_a_page_of_a_megabyte():
    text = page_of(large())

    page = Page(text)
    assert len(page.bars("p")) == len(page.bars("h")) == 1000
    assert len(text) < 1_000_000


def test_what_is_too_much_to_draw_is_drawn_together_and_said():
    timeline = large(num_slots=4, num_runs=60_000)

    text = page_of(replace(timeline, happened=()))

    assert "are drawn together." in text
    assert len(Page(text).bars("p")) <= 20_000
