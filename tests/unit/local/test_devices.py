"""Which accelerators each slot's process sees."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.local.devices import VISIBLE, dealt, visible


def test_no_accelerator_is_dealt_twice():
    assert dealt(["a@2gpus", "cpu", "b@1gpus"], ("0", "3", "5")) == {
        "a@2gpus": ("0", "3"),
        "cpu": (),
        "b@1gpus": ("5",),
    }


def test_slots_that_need_more_accelerators_than_there_are_are_refused_with_both_numbers():
    with pytest.raises(SetupError, match=r"'a@2gpus'.* need 2 accelerators .* may use 1"):
        dealt(["a@2gpus"], ("0",))


def test_what_this_process_may_use_bounds_what_the_machine_has(tmp_path):
    for bus in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / bus).mkdir()

    assert visible({}, gpus=tmp_path) == ("0", "1")
    assert visible({VISIBLE: "1"}, gpus=tmp_path) == ("1",)
    assert visible({VISIBLE: ""}, gpus=tmp_path) == ()


def test_a_machine_without_accelerators_has_none(tmp_path):
    assert visible({}, gpus=tmp_path / "none") == ()
