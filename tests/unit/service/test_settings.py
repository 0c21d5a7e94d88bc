"""The command line over the environment over the defaults."""

from pathlib import Path

import pytest

from orchestrator.errors import SetupError
from orchestrator.service.settings import read


def test_what_is_given_beats_the_environment_which_beats_the_default():
    settings = read({"ORCHESTRATOR_PORT": "9000", "ORCHESTRATOR_GATEWAYS": "3"}, port=9001)

    assert (settings.port, settings.gateways, settings.host) == (9001, 3, "127.0.0.1")


def test_an_option_that_was_not_given_leaves_the_environment_in_force():
    assert read({"ORCHESTRATOR_PORT": "9000"}, port=None).port == 9000


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("PORT", "99999", "setting 'port' is '99999'"), ("PROT", "1", "no setting is called 'prot'")],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(name, value, told):
    with pytest.raises(SetupError, match=told):
        read({f"ORCHESTRATOR_{name}": value})


def test_what_other_commands_read_from_the_same_shell_is_no_setting_and_no_fault():
    assert read({"ORCHESTRATOR_URL": "http://127.0.0.1:9000"}).port == 8000


def test_two_services_on_two_ports_share_no_data_folder():
    assert read({}, port=8000).folder != read({}, port=8001).folder
    assert read({}, data_dir=Path("/tmp/here")).folder == Path("/tmp/here")


@pytest.mark.parametrize(
    ("given", "storage"),
    [
        (None, "/tmp/here/batches"),
        ("s3://bucket/folder", "s3://bucket/folder"),
        ("/srv/files", "/srv/files"),
        ("file:///srv/files", "/srv/files"),
        ("files", str(Path("files").absolute())),
    ],
)
def test_files_lie_in_the_data_folder_or_where_the_setting_says(given, storage):
    settings = read({}, data_dir=Path("/tmp/here"), storage_url=given)

    assert settings.storage == storage


@pytest.mark.parametrize("name", ["image_hosts", "upstream_hosts"])
def test_a_network_that_cannot_be_meant_is_refused(name):
    with pytest.raises(SetupError, match=name):
        read({f"ORCHESTRATOR_{name.upper()}": "10.1.2.3/8"})


def test_a_key_that_is_refused_is_not_shown():
    with pytest.raises(SetupError) as told:
        read({}, admin_key=["canary-of-the-operator"])

    assert "canary" not in told.value.message


def test_what_callers_may_send_is_told_to_gateways():
    limits = read({"ORCHESTRATOR_MAX_CHOICES": "2", "ORCHESTRATOR_IMAGE_URLS": "refuse"}).limits

    assert (limits.bounds.max_choices, limits.images.urls) == (2, "refuse")
