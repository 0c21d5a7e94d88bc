"""The chart's RayService: sound, and the service as the code has it on a cluster."""

import functools
import json
import re
from pathlib import Path

import kubernetes_validate
import pytest
import ray
import yaml
from jsonschema import Draft7Validator
from ray.serve.schema import ServeDeploySchema

from orchestrator.registry.loader import check
from orchestrator.service.cluster import serve_environment
from orchestrator.service.deployer import require_other_name
from orchestrator.service.node_exporter import DEFAULT_PORT
from orchestrator.service.on_cluster import settings_of
from orchestrator.service.scrape_targets import NODES_JOB
from tests.deploy.rendering import CHART, ROOT, helm, of_kind, rendered
from tests.deploy.test_chart import OLDEST

VALUES = ["--values", str(CHART / "values-cluster.yaml")]
CASES = {
    "cluster": VALUES,
    "everything": [
        *VALUES,
        *("--set", "cluster.modelsClaim=models,cluster.upgrade=None,store.secret=other"),
        *("--set", "cluster.gcsRedis.address=ray-redis:6380,cluster.gcsRedis.passwordSecret=redis"),
        *("--set", "secretVariables[0].name=HF_TOKEN"),
        *("--set", "secretVariables[0].secret=hub,secretVariables[0].key=token"),
        *("--set-json", 'cluster.workers[0].labels={"ray.io/market-type":"spot","zone":"a"}'),
        *("--set", "nodeSelector.kind=x,podAnnotations.a=b,imagePullSecrets[0].name=pull"),
    ],
}
SCHEMA = Draft7Validator(json.loads(Path(__file__).with_name("rayservice_schema.json").read_text()))

objects_of = functools.cache(lambda case: rendered(*CASES[case]))


def service_of(case):
    return of_kind(objects_of(case), "RayService")


def templates_of(case):
    cluster = service_of(case)["spec"]["rayClusterConfig"]
    return [
        cluster["headGroupSpec"]["template"],
        *(group["template"] for group in cluster["workerGroupSpecs"]),
    ]


def deployed(case) -> ServeDeploySchema:
    return ServeDeploySchema.model_validate(
        yaml.safe_load(service_of(case)["spec"]["serveConfigV2"])
    )


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("case", CASES)
def test_every_object_and_pod_of_a_cluster_is_sound(case, version):
    SCHEMA.validate(service_of(case))
    for template in templates_of(case):
        pod = {"apiVersion": "v1", "kind": "Pod", **template}
        pod["metadata"] = {**pod["metadata"], "name": "a"}
        kubernetes_validate.validate(pod, version, strict=True)
    for one in objects_of(case):
        if one["kind"] not in {"RayService", "PrometheusRule", "PodMonitor"}:
            kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_kuberay_lacks_is_found():
    assert list(SCHEMA.iter_errors({**service_of("cluster"), "specs": {}}))


def test_a_cluster_has_no_pod_beside_its_own():
    kinds = {one["kind"] for one in objects_of("cluster")}

    assert not kinds & {"StatefulSet", "Service"}
    assert {"RayService", "ConfigMap", "NetworkPolicy", "ServiceAccount"} <= kinds


@pytest.mark.parametrize("case", CASES)
def test_serve_reads_the_configuration_and_the_service_its_arguments(case, tmp_path):
    [application] = deployed(case).applications
    require_other_name(application.name)
    assert application.route_prefix is None
    module, _, name = application.import_path.partition(":")
    assert callable(getattr(__import__(module, fromlist=[name]), name))
    named = {one["name"] for one in templates_of(case)[0]["spec"]["containers"][0]["env"]}
    assert {"ORCHESTRATOR_STORE_URL", "ORCHESTRATOR_ADMIN_KEY_FILE"} <= named

    settings = settings_of(application.args, {"ORCHESTRATOR_STORE_URL": "redis://r:6379/0"})

    assert settings.storage_url == "s3://my-bucket/orchestrator"
    assert settings.gateways == 2
    assert deployed(case).http_options.port == 8000


@pytest.mark.parametrize("case", CASES)
def test_every_pod_begins_ray_with_what_serve_needs_of_a_node(case):
    for template in templates_of(case):
        [only] = template["spec"]["containers"]
        env = {one["name"]: one.get("value") for one in only["env"]}
        wrapper = Path(env["RAY_SERVE_HAPROXY_BINARY_PATH"])
        assert serve_environment(wrapper).items() <= env.items()
        for kind in ("cpu", "gpu"):
            image = (ROOT / f"deploy/container/Dockerfile.{kind}").read_text()
            assert f"node_environment {wrapper.parent} " in image
            assert re.search(r"install --no-install-recommends -y .*\bwget\b", image)


def test_images_have_the_ray_that_kuberay_is_told():
    version = service_of("cluster")["spec"]["rayClusterConfig"]["rayVersion"]

    assert version == ray.__version__
    for lock in ("cpu.lock", "gpu.lock"):
        assert f"ray=={version}" in (ROOT / "requirements" / lock).read_text()


def test_slots_find_nodes_with_what_they_need(tmp_path):
    told = of_kind(objects_of("cluster"), "ConfigMap", "experts")["data"]["experts.yaml"]
    (tmp_path / "experts.yaml").write_text(told)
    registry = check(tmp_path / "experts.yaml").registry
    [group] = service_of("cluster")["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]

    assert registry is not None
    [slot] = registry.slots
    assert slot.count <= group["replicas"] * limits["nvidia.com/gpu"] // slot.accelerators
    head = service_of("cluster")["spec"]["rayClusterConfig"]["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"


def test_pods_of_a_cluster_reach_each_other_and_the_operator_reaches_the_head():
    spec = of_kind(objects_of("cluster"), "NetworkPolicy")["spec"]
    labels = spec["podSelector"]["matchLabels"]
    for template in templates_of("cluster"):
        assert labels.items() <= template["metadata"]["labels"].items()
    peers = [rule["from"][0] for rule in spec["ingress"] if "ports" not in rule]
    assert peers == [{"podSelector": {"matchLabels": labels}}]
    assert {"to": [{"podSelector": {"matchLabels": labels}}]} in spec["egress"]
    operators = [one for one in spec["ingress"] if "namespaceSelector" in one["from"][0]]
    assert [port["port"] for port in operators[0]["ports"]] == ["dashboard", "serve"]


def test_every_node_is_scraped_with_an_admin_key_where_it_exports():
    objects = objects_of("cluster")
    spec = of_kind(objects, "PodMonitor")["spec"]
    assert set(spec) == {"selector", "podMetricsEndpoints"}
    [endpoint] = spec["podMetricsEndpoints"]
    for template in templates_of("cluster"):
        labels = template["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        [only] = template["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in only["ports"]}
        assert ports[endpoint["port"]] == DEFAULT_PORT
    assert endpoint["path"] == "/metrics"
    assert endpoint["authorization"] == {
        "credentials": {"name": "orchestrator-admin", "key": "key"}
    }
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": NODES_JOB}]
    first = of_kind(objects, "NetworkPolicy")["spec"]["ingress"][0]
    assert {"protocol": "TCP", "port": endpoint["port"]} in first["ports"]


def test_evictions_of_the_head_are_refused_and_of_other_pods_are_not():
    spec = of_kind(objects_of("cluster"), "PodDisruptionBudget")["spec"]
    head, worker = (one["metadata"]["labels"].items() for one in templates_of("cluster"))
    wanted = dict(spec["selector"]["matchLabels"])

    assert wanted.pop("ray.io/node-type") == "head"
    assert wanted.items() <= head
    assert wanted.items() <= worker
    assert spec["maxUnavailable"] == 0


def test_nodes_have_the_labels_of_their_group():
    [group] = service_of("everything")["spec"]["rayClusterConfig"]["workerGroupSpecs"]

    assert group["labels"] == {"ray.io/market-type": "spot", "zone": "a"}


def test_both_redis_are_let_through():
    egress = of_kind(objects_of("everything"), "NetworkPolicy")["spec"]["egress"]

    assert {port["port"] for rule in egress for port in rule.get("ports", ())} >= {6379, 6380}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--set", "serviceMonitor.enabled=true"], "podMonitor scrapes those of a cluster"),
        (["--set", "cluster.storageUrl="], "give cluster.storageUrl"),
        (["--set", "store.secret="], "and store.secret"),
        (["--set", "cluster.storageUrl=/data"], "cluster.storageUrl"),
        (["--set-string", "settings.METRICS_PORT=9000"], "METRICS_PORT"),
        (["--set-json", 'cluster.workers[0].labels={"zone":"a b"}'], "labels"),
        (["--set", "cluster.upgrade=Rolling"], "cluster.upgrade"),
        (["--set-json", "cluster.workers=[]"], "cluster.workers"),
        (["--set", "cluster.workers[0].gpu=1"], "gpu"),
    ],
)
def test_a_value_of_a_cluster_that_will_not_do_is_refused_with_its_place(given, told):
    done = helm(*VALUES, *given)

    assert done.returncode != 0
    assert told in done.stderr.replace("/", ".").replace("..", ".")
