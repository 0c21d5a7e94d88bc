"""Every log line is one JSON object, whatever was logged."""

import io
import json
import logging
from contextlib import contextmanager

import pytest

from orchestrator.events.lines import JsonLines
from orchestrator.events.telling import about, tell


@contextmanager
def logger(level=logging.INFO):
    """A logger of its own, and what it wrote."""
    log, written = logging.Logger("of-a-test", level), io.StringIO()
    lines = logging.StreamHandler(written)
    lines.setFormatter(JsonLines())
    log.addHandler(lines)
    yield log, lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_words_become_a_message_behind_time_level_and_logger():
    with logger() as (log, told):
        log.warning('a "quoted" message\nof two lines: %s', "é")

    [line] = told()
    assert line["message"] == 'a "quoted" message\nof two lines: é'
    assert (line["level"], line["logger"]) == ("WARNING", "of-a-test")
    assert line["time"].endswith("Z")


def test_an_event_is_merged_into_its_line():
    with logger() as (log, told):
        tell(log, "step", slot="local", took_s=float("inf"))

    [line] = told()
    assert (line["action"], line["slot"], line["took_s"]) == ("step", "local", None)
    assert "message" not in line


@pytest.mark.parametrize("words", ['{"action": cut off', '{"action":', '{"action":"x"} and more'])
def test_words_that_look_like_an_event_do_not_break_the_line(words):
    with logger() as (log, told):
        log.warning("%s", words)

    assert told()[0]["message"] == words


def test_a_traceback_is_in_the_line_of_its_error():
    with logger() as (log, told):
        try:
            raise ValueError("of\ntwo lines")
        except ValueError:
            log.exception("unforeseen")

    [line] = told()
    assert line["message"] == "unforeseen"
    assert line["traceback"].endswith("ValueError: of\ntwo lines")


def test_lines_carry_the_ids_of_what_they_are_about_and_no_longer():
    with logger() as (log, told):
        with about(request_id="r1", batch=None), about(line="7"):
            tell(log, "shed", state="begun")
            log.warning("slow")
        log.warning("later")

    event, words, later = told()
    assert (event["request_id"], event["line"]) == ("r1", "7")
    assert (words["request_id"], words["line"]) == ("r1", "7")
    assert "request_id" not in later
    assert "batch" not in event


def test_an_event_below_the_level_is_not_written():
    with logger(logging.WARNING) as (log, told):
        tell(log, "decision", decision="admit")

    assert told() == []
