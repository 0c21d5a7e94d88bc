"""What is said where a library of frames is not installed: in a program that has all but it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FRAME = """
import pandas
from orchestrator.client import Client, OrchestratorError
try:
    {asked}
except OrchestratorError as error:
    print(error.code, error.message)
"""
BATCH = "Client('http://127.0.0.1:1').batch(pandas.DataFrame({'prompt': ['a']}))"
JOINED = "Client('http://127.0.0.1:1').batch_frame(pandas.DataFrame({'q': ['a']}), 'q')"
MADE = "from orchestrator.client.native_frames import require_library; require_library('polars')"


@pytest.fixture
def without(tmp_path):
    """Runs a program where every package is installed but those whose names begin so."""

    def run(missing: str, code: str) -> str:
        for package in Path(sysconfig.get_path("purelib")).iterdir():
            if not package.name.startswith(missing):
                (tmp_path / package.name).symlink_to(package)
        paths = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]\n"
        done = subprocess.run(
            [sys.executable, "-S", "-I", "-c", paths + code],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.strip()

    return run


@pytest.mark.parametrize("asked", [BATCH, JOINED], ids=["batch", "batch_frame"])
def test_a_frame_where_nothing_reads_frames_is_told_what_to_install(without, asked):
    said = without("narwhals", FRAME.format(asked=asked))

    assert said == (
        "missing_extra data frames are read by 'narwhals', which is not installed: pip install "
        "'orchestrator[data]'"
    )


def test_results_as_a_frame_of_a_library_that_is_away_are_told_which_others_there_are(without):
    said = without("polars", FRAME.format(asked=MADE))

    assert said == (
        "missing_extra a frame of polars needs 'polars', which is not installed: pip install "
        "polars, or ask for another of ['pandas', 'polars', 'pyarrow']"
    )
