"""What replicas log is found in one file, whatever Serve does to their stderr."""

import json
import logging
import sys
from contextlib import contextmanager

from orchestrator.service.log_lines import write_lines


@contextmanager
def tree():
    """A tree of loggers of its own, as a fresh process has it."""
    root = logging.RootLogger(logging.WARNING)
    root.manager = logging.Manager(root)
    yield root
    for handler in root.handlers:
        handler.close()


def test_our_lines_and_the_warnings_of_libraries_are_appended(tmp_path):
    log = tmp_path / "orchestrator.log"
    log.write_text("of another process\n")
    with tree() as root:
        write_lines(root, log)

        root.getChild("orchestrator").getChild("api").info('{"status": 200}')
        root.getChild("asyncio").warning("a task was lost")
        root.getChild("aiohttp").info("noise")

    first, *told = log.read_text().splitlines()
    assert first == "of another process"
    assert [json.loads(line)["message"] for line in told] == ['{"status": 200}', "a task was lost"]


def test_a_second_replica_in_one_process_writes_no_line_twice(tmp_path):
    with tree() as root:
        write_lines(root, tmp_path / "log")
        write_lines(root, tmp_path / "log")

        root.getChild("orchestrator").info("once")

    assert (tmp_path / "log").read_text().count("once") == 1


def test_a_file_that_was_rotated_away_is_made_anew(tmp_path):
    log = tmp_path / "log"
    with tree() as root:
        write_lines(root, log)
        log.rename(tmp_path / "log.1")

        root.getChild("orchestrator").info("after")

    assert log.read_text().endswith('"after"}\n')


def test_without_a_file_the_lines_go_to_the_process_and_not_to_what_stands_in_its_place():
    with tree() as root:
        write_lines(root, None)

        (handler,) = root.handlers

    assert handler.stream is sys.__stderr__
