"""What a cluster's application says of the service that it deploys."""

import pytest

from orchestrator.errors import SetupError
from orchestrator.service.application import kept
from orchestrator.service.deployer import is_up, require_other_name


def test_it_is_up_once_all_but_slots_run():
    assert is_up({"gateway": ("HEALTHY", ""), "conductor": ("HEALTHY", "")})


@pytest.mark.parametrize(
    "states",
    [{}, {"gateway": ("HEALTHY", ""), "conductor": ("UPDATING", "")}],
    ids=["nothing yet", "one starts"],
)
def test_it_is_not_up_before(states):
    assert not is_up(states)


@pytest.mark.parametrize("state", ["UNHEALTHY", "DEPLOY_FAILED"])
def test_a_part_that_does_not_start_is_told_by_its_name(state):
    with pytest.raises(SetupError, match="'gateway' of the service does not start: no port"):
        is_up({"conductor": ("HEALTHY", ""), "gateway": (state, "no port")})


def test_an_application_called_like_the_service_is_told_to_be_called_otherwise():
    require_other_name("deployer")
    with pytest.raises(SetupError, match="give it another name"):
        require_other_name("orchestrator")


def test_what_was_restarted_stays_where_settings_are_as_they_were_and_workers_do_anyway():
    running = {"gateway": "abc-1f", "batches": "abc", "conductor": "0ld", "slot-local": "0ld-2"}

    assert kept(running, stamp="abc") == {
        "gateway": "abc-1f", "batches": "abc", "slot-local": "0ld-2",
    }  # fmt: skip
