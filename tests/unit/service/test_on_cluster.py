"""Settings of a service on a cluster, and what its nodes need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import SetupError
from orchestrator.service.cluster import BINARY
from orchestrator.service.entry import OPEN, Entry
from orchestrator.service.hosts import open_vllm
from orchestrator.service.node_environment import main, node_environment
from orchestrator.service.on_cluster import application_with, settings_of, stamp_of

GIVEN = {"store_url": "redis://redis:6379/0", "storage_url": "s3://bucket/batches"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give `store_url`"),
        ({"store_url": "redis://redis:6379"}, "give `storage_url`"),
        ({**GIVEN, "port": 80}, "setting 'port' is Ray's on a cluster: see http_options.port"),
        ({**GIVEN, "metrics_port": 9}, "set ORCHESTRATOR_METRICS_PORT where Ray starts on it"),
        ({**GIVEN, "gateway": 2}, "no setting is called 'gateway'"),
        ({**GIVEN, "gateways": 0}, "setting 'gateways' is 0"),
    ],
    ids=["no store", "no storage", "Ray's", "a node's", "unknown", "too few"],
)
def test_a_setting_that_will_not_do_is_refused_by_name(given, said):
    with pytest.raises(SetupError) as caught:
        settings_of(given, {})

    assert said in caught.value.message


def test_arguments_win_over_the_environment():
    settings = settings_of({**GIVEN, "gateways": 3}, {"ORCHESTRATOR_GATEWAYS": "5"})

    assert (settings.gateways, settings.store_url) == (3, GIVEN["store_url"])


def test_what_a_node_keeps_lies_where_it_is_told_else_where_it_may_go():
    folders = [
        settings_of(GIVEN, {}),
        settings_of(GIVEN, {"ORCHESTRATOR_DATA_DIR": "/data"}),
        settings_of({**GIVEN, "data_dir": "/own"}, {"ORCHESTRATOR_DATA_DIR": "/data"}),
    ]

    assert [str(one.folder) for one in folders] == ["/tmp/orchestrator", "/data", "/own"]


def test_strangers_reach_it_so_it_does_not_start_open_unless_told_so(tmp_path):
    registry = tmp_path / "experts.yaml"
    registry.write_text("experts: [{id: a, engine: {kind: fake}}]")
    environment = {BINARY: "haproxy"}

    with pytest.raises(SetupError, match="keys required"):
        application_with(open_vllm, {**GIVEN, "registry": str(registry)}, environment)


def test_a_node_without_its_environment_is_told_how_to_get_it():
    with pytest.raises(SetupError, match="node_environment"):
        application_with(open_vllm, GIVEN, {})


def test_a_shell_takes_the_environment_of_a_node(tmp_path):
    command = f'eval "$({sys.executable} -m orchestrator.service.node_environment {tmp_path}/a)"'

    done = subprocess.run(
        ["sh", "-c", f"{command}; echo ${BINARY}; echo $RAY_SERVE_ENABLE_HA_PROXY"],
        capture_output=True, text=True, check=True, env=os.environ,
    )  # fmt: skip

    wrapper, is_on = done.stdout.split()
    assert is_on == "1"
    assert os.access(wrapper, os.X_OK)
    assert node_environment(tmp_path / "a")[BINARY] == str(Path(wrapper))


def test_a_folder_is_asked_for(capsys):
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err


def test_other_settings_or_another_admin_key_are_another_service_and_a_nodes_port_is_not():
    settings = settings_of(GIVEN, {})
    stamp = stamp_of(settings, OPEN)

    assert stamp_of(settings_of(GIVEN, {"ORCHESTRATOR_METRICS_PORT": "9999"}), OPEN) == stamp
    assert stamp_of(settings_of({**GIVEN, "gateways": 3}, {}), OPEN) != stamp
    assert stamp_of(settings, Entry(asks_for_keys=True, admin_digest="ab")) != stamp
    assert "-" not in stamp
