"""`orchestrator doctor`: each line says how it is and what to do about it."""

import json
import socket

import pytest

from orchestrator.cli.doctor_machine import device_finding, engine_finding, files_finding
from orchestrator.cli.doctor_packages import extra_finding, python_finding, versions_finding
from orchestrator.cli.doctor_surroundings import port_finding, ray_finding, redis_finding
from orchestrator.cli.machine import Accelerator, parsed
from orchestrator.cli.main import main

ROOMY = Accelerator(name="H100", memory_gib=80, free_gib=79)
FULL = Accelerator(name="H100", memory_gib=80, free_gib=3)


def run(capsys, *args):
    with pytest.raises(SystemExit) as caught:
        main(["doctor", *args])
    return caught.value.code, capsys.readouterr().out


def test_doctor_says_of_every_part_how_it_is(capsys):
    _, out = run(capsys)

    names = [line[6:].split(":")[0] for line in out.splitlines() if not line.startswith("   ")]
    assert names[:2] == ["python", "extra routers"]
    assert {"versions", "device", "vllm", "memory", "port", "redis", "ray"} <= set(names)


def test_doctor_speaks_json_to_programs_and_ends_with_1_where_something_fails(capsys, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_STORE_URL", "redis://127.0.0.1:1/0")

    code, out = run(capsys, "--json")

    told = json.loads(out)
    by_name = {one["name"]: one for one in told["checks"]}
    assert (code, told["is_fine"]) == (1, False)
    assert by_name["redis"]["state"] == "fail"
    assert "ORCHESTRATOR_STORE_URL" in by_name["redis"]["todo"]


@pytest.mark.parametrize(
    ("finding", "state", "said"),
    [
        pytest.param(python_finding((3, 12)), "ok", "3.12", id="python"),
        pytest.param(python_finding((3, 10)), "fail", "use Python 3.11 or 3.12", id="old python"),
        pytest.param(extra_finding("data", []), "ok", "installed", id="extra"),
        pytest.param(extra_finding("data", ["pyarrow"]), "warn", "[data]", id="no extra"),
        pytest.param(versions_finding([]), "ok", "fit", id="versions"),
        pytest.param(versions_finding(["ray is 1"]), "fail", "ray is 1", id="misfit"),
        pytest.param(device_finding([]), "ok", "CPU", id="no GPU"),
        pytest.param(device_finding([ROOMY]), "ok", "79.0 of 80.0", id="GPU"),
        pytest.param(device_finding([ROOMY, FULL]), "warn", "nvidia-smi", id="full GPU"),
        pytest.param(engine_finding(None, None, has_gpu=True), "warn", "[gpu]", id="no vLLM"),
        pytest.param(engine_finding(None, "1", has_gpu=True), "warn", "[gpu]", id="vLLM of CPUs"),
        pytest.param(engine_finding(None, "1", has_gpu=False), "ok", "1 for CPUs", id="vLLM"),
        pytest.param(files_finding(65536), "ok", "65,536", id="files"),
        pytest.param(files_finding(4096), "warn", "ulimit -n 65536", id="few files"),
        pytest.param(files_finding(256), "fail", "ulimit -n 65536", id="hardly any files"),
        pytest.param(ray_finding([]), "ok", "nothing", id="no Ray"),
        pytest.param(ray_finding([7, 3]), "warn", "3, 7", id="Ray"),
    ],
)
def test_a_finding_of_doctor_says_what_to_do(finding, state, said):
    assert finding.state == state
    assert said in f"{finding.said} {finding.todo}"
    assert (finding.todo is None) == (state == "ok")


def test_a_port_that_somebody_has_is_told():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]

        assert port_finding("127.0.0.1", port).state == "warn"
    assert port_finding("127.0.0.1", port).state == "ok"


def test_a_service_without_a_store_starts_its_own(monkeypatch):
    assert redis_finding(None).state == "ok"

    monkeypatch.setenv("PATH", "")  # the one of its own package
    assert redis_finding(None).state == "ok"


def test_what_nvidia_smi_prints_is_read_and_the_rest_left_aside():
    text = "NVIDIA H100, 81920, 40960\n[Not Supported]\n"

    assert parsed(text) == (Accelerator(name="NVIDIA H100", memory_gib=80, free_gib=40),)
