import json
import logging

import pytest

from orchestrator.costs.cost_file import MAX_NOTES, CostFile, Kept, Measured
from orchestrator.costs.note import CostNote

HERE = "4 cores of Nova"
WEEK_S = 7 * 24 * 3600


def note(expert: str = "maths@1", *, of: str = "swap", mean_s: float = 2.0, num_seen: int = 3):
    return CostNote(of=of, expert=expert, mean_s=mean_s, deviation_s=0.5, num_seen=num_seen)


def file(folder, slot: str = "local", *, hardware: str = HERE) -> CostFile:
    return CostFile(folder / "costs", slot, hardware=hardware)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"version": 1, "hardware": "4 co', id="half"),
        pytest.param(b'{"version": 2, "hardware": "4 cores of Nova"}', id="of another version"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(
            b'{"version": 1, "hardware": "4 cores of Nova", "notes": [{"of": "swap", "expert": '
            b'"maths@1", "mean_s": -1, "deviation_s": 0, "num_seen": 1}]}',
            id="a time below zero",
        ),
    ],
)
def test_a_damaged_file_is_told_and_costs_are_learnt_anew(tmp_path, caplog, text):
    damaged = file(tmp_path)
    damaged.path.parent.mkdir()
    damaged.path.write_bytes(text)

    assert damaged.read() == Kept(hardware=HERE)

    assert str(damaged.path) in caplog.text
    damaged.write(None, [note()])
    assert damaged.read().notes == (note(),)


def test_there_is_nothing_before_the_first_write_and_no_word_of_it(tmp_path, caplog):
    assert file(tmp_path).read() == Kept(hardware=HERE)
    assert caplog.text == ""


def test_what_is_written_is_read_again(tmp_path):
    measured = Measured(read_gib_per_s=4.5, disk_gib_per_s=1.0, at_s=10.0)

    file(tmp_path).write(measured, [note(), note(of="call")])

    assert file(tmp_path).read() == Kept(
        hardware=HERE, measured=measured, notes=(note(), note(of="call"))
    )


def test_costs_of_other_hardware_are_left(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    file(tmp_path).write(None, [note()])

    assert file(tmp_path, hardware="8 cores of Nova").read().notes == ()
    assert "8 cores of Nova" in caplog.text


def test_whoever_is_killed_while_writing_leaves_the_file_of_before(tmp_path):
    kept = file(tmp_path)
    kept.write(None, [note()])
    (kept.path.parent / ".local.json.4711").write_text('{"version": 1, "har')

    assert file(tmp_path).read().notes == (note(),)
    assert [path.name for path in kept.path.parent.iterdir()] == ["local.json"]
    assert file(tmp_path, "other").told_s() == {("swap", "maths@1"): 2.0}


def test_a_folder_that_cannot_be_written_is_told(tmp_path, caplog):
    (tmp_path / "costs").write_text("in the way")

    file(tmp_path).write(None, [note()])

    assert "cannot be written" in caplog.text
    assert file(tmp_path).read().notes == ()


def test_the_file_is_bounded_and_keeps_the_latest(tmp_path):
    kept = file(tmp_path)

    kept.write(None, (note(f"e{number}") for number in range(MAX_NOTES + 5)))

    assert kept.read().notes[0].expert == "e5"
    assert len(kept.read().notes) == MAX_NOTES


def test_other_slots_tell_what_they_saw_weighed_by_how_often(tmp_path):
    file(tmp_path, "a").write(None, [note(mean_s=1.0, num_seen=1)])
    file(tmp_path, "b").write(None, [note(mean_s=4.0, num_seen=2)])
    file(tmp_path, "gpu", hardware="an H100").write(None, [note(mean_s=0.1)])
    own = file(tmp_path, "c")
    own.write(None, [note(mean_s=50.0)])

    assert own.told_s() == {("swap", "maths@1"): 3.0}


@pytest.mark.parametrize(
    ("now_s", "is_fresh"),
    [(1000.0, True), (1000.0 + WEEK_S - 1, True), (1000.0 + WEEK_S, False), (999.0, False)],
)
def test_bandwidths_are_believed_for_a_week(now_s, is_fresh):
    assert Measured(at_s=1000.0).is_fresh(now_s) is is_fresh


def test_the_file_names_no_machine(tmp_path):
    file(tmp_path).write(None, [note()])

    assert set(json.loads(file(tmp_path).path.read_text())) == {
        "version",
        "hardware",
        "measured",
        "notes",
    }
