"""What the chart installs is sound, and is the service as the code has it."""

import functools
from typing import Any

import kubernetes_validate
import pytest
import yaml

import orchestrator
from orchestrator.api.gate import FOR_ANYBODY
from orchestrator.errors import SetupError
from orchestrator.service import settings as service_settings
from orchestrator.service.settings import Settings
from tests.deploy.rendering import CASES, CHART, ROOT, container, of_kind, rendered

OLDEST = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"][2:6]
#: Kinds of the Prometheus operator, whose schemas are not Kubernetes' own.
CUSTOM = {"ServiceMonitor", "PrometheusRule"}

objects_of = functools.cache(lambda case: rendered(*CASES[case]))


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("case", CASES)
def test_every_object_is_sound_for_the_oldest_and_the_newest_kubernetes(case, version):
    objects = objects_of(case)
    own = [one for one in objects if one["kind"] not in CUSTOM]
    assert len(own) >= 5
    for one in own:
        kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_kubernetes_lacks_is_found():
    broken = {**of_kind(objects_of("defaults"), "Service"), "specs": {}}
    with pytest.raises(kubernetes_validate.ValidationError, match="specs"):
        kubernetes_validate.validate(broken, OLDEST, strict=True)


def test_what_is_for_the_prometheus_operator_is_installed_on_demand_alone():
    assert {one["kind"] for one in objects_of("one-node")} >= CUSTOM
    assert not CUSTOM & {one["kind"] for one in objects_of("defaults")}


@pytest.mark.parametrize("case", CASES)
def test_whoever_selects_the_pod_by_labels_finds_it(case):
    objects = objects_of(case)
    labels = of_kind(objects, "StatefulSet")["spec"]["template"]["metadata"]["labels"].items()
    service = of_kind(objects, "Service")
    assert service["spec"]["selector"].items() <= labels
    for kind, path in {
        "StatefulSet": "selector",
        "NetworkPolicy": "podSelector",
        "PodDisruptionBudget": "selector",
    }.items():
        for one in (one for one in objects if one["kind"] == kind):
            assert one["spec"][path]["matchLabels"].items() <= labels


def test_the_scraper_finds_the_service_with_an_admin_key_and_the_job_that_the_rules_know():
    objects = objects_of("one-node")
    spec = of_kind(objects, "ServiceMonitor")["spec"]
    service = of_kind(objects, "Service")
    assert set(spec) == {"jobLabel", "selector", "endpoints"}
    assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    job = service["metadata"]["labels"][spec["jobLabel"]]
    rules = of_kind(objects, "PrometheusRule")["spec"]["groups"][0]["rules"]
    assert f'job="{job}"' in next(one["expr"] for one in rules if "up{" in one["expr"])
    [endpoint] = spec["endpoints"]
    scrapes = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text())
    assert endpoint["path"] == scrapes["scrape_configs"][0]["metrics_path"]
    assert set(endpoint) == {"port", "path", "interval", "authorization"}
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["authorization"] == {
        "credentials": {"name": "orchestrator-admin", "key": "key"}
    }


def test_rules_and_dashboard_are_those_of_the_repository():
    objects = objects_of("one-node")
    alerts = yaml.safe_load((ROOT / "deploy/observability/alerts.yml").read_text())
    assert of_kind(objects, "PrometheusRule")["spec"] == alerts
    board = (ROOT / "deploy/observability/grafana/orchestrator.json").read_text()
    told = of_kind(objects, "ConfigMap", "dashboard")["data"]["orchestrator.json"]
    assert yaml.safe_load(told) == yaml.safe_load(board)


@pytest.mark.parametrize("case", CASES)
def test_every_variable_is_a_setting_that_the_service_takes(case):
    named = {one["name"]: one.get("value", "x") for one in container(objects_of(case))["env"]}
    settings = service_settings.read(named)
    assert settings.drain_s < settings.stop_timeout_s
    pod = of_kind(objects_of(case), "StatefulSet")["spec"]["template"]["spec"]
    assert settings.stop_timeout_s < pod["terminationGracePeriodSeconds"]
    startup = container(objects_of(case))["startupProbe"]
    assert settings.start_timeout_s < startup["periodSeconds"] * startup["failureThreshold"]


def test_variables_that_kubernetes_makes_of_a_service_called_orchestrator_are_kept_out():
    links = {"ORCHESTRATOR_PORT": "tcp://10.0.0.1:80", "ORCHESTRATOR_SERVICE_HOST": "10.0.0.1"}
    with pytest.raises(SetupError, match="port"):
        service_settings.read(links)
    pod = of_kind(objects_of("defaults"), "StatefulSet")["spec"]["template"]["spec"]
    assert pod["enableServiceLinks"] is False


@pytest.mark.parametrize("case", CASES)
def test_probes_ask_what_the_endpoint_tells_anybody_at_its_port(case):
    only = container(objects_of(case))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert only[probe]["httpGet"]["path"] in FOR_ANYBODY
        assert only[probe]["httpGet"]["port"] == "http"
    assert only["ports"] == [{"name": "http", "containerPort": Settings().port}]


@pytest.mark.parametrize("case", CASES)
def test_what_is_mounted_is_where_the_image_and_the_settings_look(case, image_variables):
    objects = objects_of(case)
    pod: dict[str, Any] = of_kind(objects, "StatefulSet")["spec"]["template"]["spec"]
    mounts = {one["mountPath"]: one for one in container(objects)["volumeMounts"]}
    registry = image_variables["ORCHESTRATOR_REGISTRY"].rpartition("/")
    assert "subPath" not in mounts[registry[0]]
    assert image_variables["ORCHESTRATOR_DATA_DIR"] in mounts
    assert {"/tmp", "/dev/shm", "/home/orchestrator"} <= mounts.keys()
    volumes = {one["name"]: one for one in pod["volumes"]} | {"data": {}}
    assert {one["name"] for one in mounts.values()} == volumes.keys()
    variables = {one["name"]: one.get("value") for one in container(objects)["env"]}
    secret = volumes["admin-key"]["secret"]["items"][0]["path"]
    place = mounts["/run/secrets/orchestrator"]["mountPath"]
    assert variables["ORCHESTRATOR_ADMIN_KEY_FILE"] == f"{place}/{secret}"
    if case != "everything":
        assert registry[2] in of_kind(objects, "ConfigMap", "experts")["data"]


@pytest.mark.parametrize(("case", "kind"), [("defaults", "cpu"), ("one-node", "gpu")])
def test_the_image_is_of_this_version_and_of_the_kind_that_the_node_needs(case, kind):
    image = container(objects_of(case))["image"]
    assert image == f"orchestrator:{orchestrator.__version__}-{kind}"


def test_gpus_are_asked_for_beside_the_other_limits_and_only_where_there_are_any():
    assert container(objects_of("everything"))["resources"]["limits"] == {
        "memory": "64Gi",
        "nvidia.com/gpu": 2,
    }
    assert "nvidia.com/gpu" not in container(objects_of("defaults"))["resources"]["limits"]


@pytest.mark.parametrize("case", CASES)
def test_the_pod_has_no_rights_that_it_does_not_need(case):
    pod = of_kind(objects_of(case), "StatefulSet")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    security = container(objects_of(case))["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_network_policy_lets_in_the_endpoint_and_out_what_is_needed():
    spec = of_kind(objects_of("defaults"), "NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [
        {"ports": [{"protocol": "TCP", "port": "http"}], "from": [{"podSelector": {}}]}
    ]
    ports = [[port["port"] for port in rule["ports"]] for rule in spec["egress"]]
    assert ports == [[53, 53], [443]]
    assert spec["egress"][1]["to"][0]["ipBlock"]["except"] == ["169.254.0.0/16"]
    everything = of_kind(objects_of("everything"), "NetworkPolicy")["spec"]["egress"]
    assert [rule["ports"][0]["port"] for rule in everything] == [53, 443, 6379, 4318]
