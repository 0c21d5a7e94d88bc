"""Folders that appear whole or not at all."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from orchestrator.errors import MergeError
from orchestrator.merging.storage import (
    Form,
    check_free,
    check_space,
    published,
    write_safetensors,
)


def test_a_file_written_in_pieces_reads_as_safetensors(tmp_path):
    numbers = np.arange(6, dtype="<f4").reshape(2, 3)
    path = tmp_path / "m.safetensors"
    pieces = [numbers[:1].reshape(-1).view(np.uint8), numbers[1:].reshape(-1).view(np.uint8)]

    digest = write_safetensors(
        path, {"t": Form(dtype="F32", shape=(2, 3), num_bytes=24)}, lambda _: pieces
    )

    assert load_file(path)["t"].tolist() == numbers.tolist()
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_that_is_there_is_refused_unless_it_may_go(tmp_path):
    with pytest.raises(MergeError, match=r"is there already.*--force"):
        check_free(tmp_path, replaces=False, forbidden=[])

    check_free(tmp_path, replaces=True, forbidden=[])


def test_a_source_is_never_replaced(tmp_path):
    with pytest.raises(MergeError, match="holds one of the experts to merge"):
        check_free(tmp_path / "x/..", replaces=True, forbidden=[tmp_path])


def test_more_than_the_disk_holds_is_refused_before_writing(tmp_path):
    with pytest.raises(MergeError, match=r"9.31e\+08 GiB are needed and .* GiB are free"):
        check_space(tmp_path / "not/there/yet", 10**18)


def fail_half_way(folder):
    (folder / "half").touch()
    raise MergeError("no such number")


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kept").touch()

    with pytest.raises(MergeError, match="no such number"), published(tmp_path / "out") as new:
        fail_half_way(new)

    assert [path.name for path in tmp_path.rglob("*")] == ["out", "kept"]


def test_a_folder_takes_the_place_of_another(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").touch()

    with published(tmp_path / "out") as new:
        (new / "fresh").touch()

    assert [path.name for path in tmp_path.rglob("*")] == ["out", "fresh"]


def test_a_folder_that_cannot_be_put_in_place_leaves_the_one_before(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kept").touch()

    with pytest.raises(MergeError, match="was not written"), published(tmp_path / "out") as new:
        new.rmdir()

    assert [path.name for path in tmp_path.rglob("*")] == ["out", "kept"]


def test_a_folder_nobody_may_write_to_is_said(tmp_path):
    (tmp_path / "file").touch()

    with (
        pytest.raises(MergeError, match="was not written: File exists"),
        published(tmp_path / "file/out"),
    ):
        pass


FILLING = """
import resource, sys
from pathlib import Path
from orchestrator.errors import MergeError
from orchestrator.merging.storage import published

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with published(Path(sys.argv[1])) as new:
        (new / "weights").write_bytes(bytes(5000))
except MergeError as exc:
    print(exc)
"""


def test_a_disk_that_is_full_leaves_nothing_half(tmp_path):
    """The kernel refuses files over 1,000 bytes in a process of its own."""
    out = tmp_path / "out"

    done = subprocess.run(
        [sys.executable, "-c", FILLING, str(out)], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"{out} was not written: the disk is full\n"
    assert list(tmp_path.iterdir()) == []
