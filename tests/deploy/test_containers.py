"""The container files: sound, of this version, and begun as they would begin."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

import orchestrator
from orchestrator.errors import SetupError
from orchestrator.service import settings as service_settings
from orchestrator.service.cluster import BINARY
from orchestrator.service.entry import entry_of
from orchestrator.service.node_environment import node_environment

ROOT = Path(__file__).parents[2]
START = ROOT / "deploy/container/start"
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())


def begun(variables, *command) -> subprocess.CompletedProcess[str]:
    """The command as a container would begin it."""
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [str(START), *command], env=environment, capture_output=True, text=True, check=False
    )


def test_the_linter_of_container_files_has_nothing_to_say(dockerfile):
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, dockerfile], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_container_file_copies_only_what_is_there_and_let_through(dockerfile):
    allowed = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile.read_text(), re.MULTILINE)
    sources = [Path(one) for line in copied for one in line.split()]
    assert len(sources) >= 8
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(source.match(one) for one in allowed), source


def test_the_image_runs_as_nobody_special_and_tells_its_health(dockerfile):
    text = dockerfile.read_text()
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "STOPSIGNAL SIGTERM" in last
    port = re.search(r"^EXPOSE (\d+)$", last, re.MULTILINE)
    assert port is not None
    assert int(port[1]) == service_settings.Settings().port
    assert f"http://127.0.0.1:{port[1]}/readyz" in last
    assert f"orchestrator:{orchestrator.__version__}-{dockerfile.suffix[1:]} " in text


def test_the_image_serves_only_with_keys_and_an_admin_key(image_variables, tmp_path):
    settings = service_settings.read(image_variables)
    with pytest.raises(SetupError, match="no admin key"):
        entry_of(settings)
    key = tmp_path / "admin_key"
    key.write_text("k" * 64 + "\n")
    assert entry_of(settings.model_copy(update={"admin_key_file": key})).asks_for_keys


def test_the_store_url_is_made_of_the_secret_file(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("c0ffee\n")
    variables = {"STORE_PASSWORD_FILE": str(secret), "STORE_ADDRESS": "redis:6379/0"}
    done = begun(variables, "env")
    assert done.returncode == 0, done.stderr
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert told["ORCHESTRATOR_STORE_URL"] == "redis://:c0ffee@redis:6379/0"
    assert "STORE_PASSWORD_FILE" not in told


def test_without_a_secret_the_command_begins_as_it_is():
    done = begun({"A": "b"}, "sh", "-c", 'echo "$A ${ORCHESTRATOR_STORE_URL:-none}"; exit 7')
    assert (done.returncode, done.stdout) == (7, "b none\n")


@pytest.mark.parametrize(
    ("password", "more", "told"),
    [
        (None, {}, "cannot be read"),
        ("", {}, "must be letters"),
        ("a@b/c", {}, "must be letters"),
        ("c0ffee", {"ORCHESTRATOR_STORE_URL": "redis://x"}, "both set"),
        ("c0ffee", {"STORE_ADDRESS": ""}, "say host:port/database"),
    ],
)
def test_a_secret_that_will_not_do_is_refused_and_not_told(tmp_path, password, more, told):
    secret = tmp_path / "password"
    if password is not None:
        secret.write_text(password)
    variables = {"STORE_PASSWORD_FILE": str(secret), "STORE_ADDRESS": "redis:6379/0"}
    done = begun({**variables, **more}, "env")
    assert done.returncode != 0
    assert told in done.stderr
    assert not done.stdout
    assert not password or password not in done.stderr


def test_the_command_of_both_images_is_one_that_the_program_has():
    files = (ROOT / f"deploy/container/Dockerfile.{kind}" for kind in ("cpu", "gpu"))
    commands = {re.findall(r"^CMD (.+)$", file.read_text(), re.MULTILINE)[-1] for file in files}
    [command] = [json.loads(one) for one in commands]
    binary = Path(sys.executable).parent / command[0]
    done = begun({}, str(binary), *command[1:], "--help")
    assert done.returncode == 0, done.stderr
    assert "--admin-key-file" in done.stdout


def test_the_compose_file_is_sound_by_its_schema():
    schema = json.loads((Path(__file__).parent / "compose_spec.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(COMPOSE)] == []
    broken = {**COMPOSE, "services": {"orchestrator": {"imagee": "x"}}}
    assert list(Draft7Validator(schema).iter_errors(broken))


def test_the_service_of_the_compose_file_is_set_as_it_may_be():
    service = COMPOSE["services"]["orchestrator"]
    named = {
        name: value
        for name, value in service["environment"].items()
        if name.startswith("ORCHESTRATOR_")
    }
    settings = service_settings.read(named)
    assert settings.drain_s < settings.stop_timeout_s < float(service["stop_grace_period"][:-1])
    assert service["image"] == f"orchestrator:{orchestrator.__version__}-cpu"
    assert (ROOT / service["build"]["dockerfile"]).exists()
    assert {f"/run/secrets/{name}" for name in service["secrets"]} == {
        named["ORCHESTRATOR_ADMIN_KEY_FILE"],
        service["environment"]["STORE_PASSWORD_FILE"],
    }


def test_the_redis_of_the_compose_file_gets_the_secret_and_is_told_to_keep_what_is_written():
    redis = COMPOSE["services"]["redis"]
    [script] = redis["command"][2:]
    assert redis["secrets"] == ["redis_password"]
    for word in ("requirepass", "appendonly yes", "maxmemory-policy noeviction", "$$(cat "):
        assert word in script
    assert redis["volumes"] == ["redis:/data"]
    assert COMPOSE["volumes"].keys() == {"data", "redis"}


def test_nothing_of_the_compose_file_but_the_endpoint_is_reached_from_outside():
    ports = {name: one.get("ports", []) for name, one in COMPOSE["services"].items()}
    assert ports == {"orchestrator": ["127.0.0.1:8000:8000"], "redis": []}
    for one in COMPOSE["services"].values():
        assert one["cap_drop"] == ["ALL"]
        assert one["read_only"] is True


def test_what_the_service_writes_to_run_it_may_run_there():
    tmpfs = COMPOSE["services"]["orchestrator"]["tmpfs"]

    folders = {one.partition(":")[0]: one.partition(":")[2].split(",") for one in tmpfs}
    assert {folder for folder, options in folders.items() if "exec" in options} == {
        "/tmp", "/home/orchestrator",
    }  # fmt: skip


def test_a_user_who_did_not_make_the_image_runs_haproxy(tmp_path):
    wrapper = Path(node_environment(tmp_path / "ray")[BINARY])

    assert wrapper.stat().st_mode & 0o555 == 0o555
    assert wrapper.parent.stat().st_mode & 0o555 == 0o555
