"""Processes of a bench, as figures name them."""

import re
from pathlib import Path

import psutil
import pytest

from bench.family import name_of, without_folders

FIGURES = sorted((Path(__file__).parents[3] / "bench/out").glob("*.json"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("/opt/env/bin/python -m ray.util --at=/var/x/y", "python -m ray.util --at=y"),
        ("redis-server 127.0.0.1:6379", "redis-server 127.0.0.1:6379"),
        ("python -c 'import a; a.b(1/2)'", "python -c 'import a; a.b(1/2)'"),
        ("ray::ServeReplica:orchestrator:gateway", "ray::ServeReplica:orchestrator:gateway"),
        ("/bin/sh", "sh"),
    ],
)
def test_a_command_line_is_told_without_its_folders(words, told):
    assert without_folders(words) == told


def test_a_running_process_has_a_short_name():
    name = name_of(psutil.Process())

    assert 0 < len(name) <= 60
    assert "/" not in name.split()[0]


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_figures_that_are_kept_name_no_folder_of_a_machine(path):
    told = path.read_text()

    assert re.findall(r"/(?:home|opt|root|tmp|usr|var|work|Users)/\S*", told) == []
