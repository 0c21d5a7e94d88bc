"""The bytes of a registry file: from whatever stands at its path, without waiting."""

import os
import time

import pytest

from orchestrator.registry.contents import MAX_BYTES, ContentsError, opened
from orchestrator.registry.document import read
from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry

NOT_REGULAR = "this is not a regular file; name the registry file itself"


def reasons(path):
    return [fault.reason for fault in read(path).faults]


def test_a_missing_file_a_folder_and_a_device_are_told_apart(tmp_path):
    assert reasons(tmp_path / "none.yaml") == ["there is no such file"]
    assert reasons(tmp_path) == [NOT_REGULAR]
    assert reasons("/dev/zero") == [NOT_REGULAR]


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert reasons(tmp_path / "pipe") == [NOT_REGULAR]


def test_a_link_to_itself_is_a_fault(tmp_path):
    (tmp_path / "loop").symlink_to("loop")

    assert reasons(tmp_path / "loop") == [
        "the file cannot be read: Too many levels of symbolic links"
    ]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"], ids=["too long", "nul"])
def test_a_name_no_file_can_have_is_a_fault(tmp_path, name):
    (reason,) = reasons(tmp_path / name)

    assert reason.startswith("the file cannot be read: ")


def test_a_file_of_50_mb_is_refused_unread(tmp_path):
    path = tmp_path / "experts.yaml"
    path.write_bytes(b"experts: []\n" * 4_200_000)
    started_s = time.process_time()

    assert reasons(path) == [
        "the file has 50,400,000 bytes; at most 4 MiB (4,194,304 bytes) are allowed"
    ]
    assert time.process_time() - started_s < 0.1


def test_a_file_that_says_it_is_empty_is_read_up_to_the_limit():
    # Its size is 0 and it holds some kilobytes, as all files of /proc.
    assert "not valid YAML" in reasons("/proc/cpuinfo")[0] or read("/proc/cpuinfo").value


@pytest.mark.parametrize("changes", ["grows", "same size"])
def test_a_file_written_to_while_it_is_read_is_a_fault(tmp_path, changes):
    path = write_registry(tmp_path)
    with opened(path) as found:
        path.write_text(VALID + "#" if changes == "grows" else VALID.replace("hello", "hullo"))
        os.utime(path, ns=(1, 1))

        with pytest.raises(ContentsError, match="the file changed while it was read"):
            found.read()


def test_a_file_replaced_while_it_is_read_is_read_as_it_was(tmp_path):
    path = write_registry(tmp_path)
    with opened(path) as found:
        (tmp_path / "new").write_text("experts: []")
        (tmp_path / "new").replace(path)

        assert found.read() == VALID.encode()


def test_a_file_of_the_most_bytes_allowed_is_read(tmp_path):
    path = write_registry(tmp_path, VALID + "#" * (MAX_BYTES - len(VALID)))

    assert check(path, environ={}).faults == ()
