"""Values that would not do are refused, with where they stand."""

from pathlib import Path

import pytest
import yaml

import orchestrator
from orchestrator.registry.loader import check
from tests.deploy.rendering import CASES, CHART, helm, of_kind, rendered


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--set", "replicas=2"], "replicas"),
        (["--set", "gpus=-1"], "gpus"),
        (["--set", "image.tags=1"], "tags"),
        (["--set", "adminKey.secret="], "adminKey.secret"),
        (["--set", "experts="], "experts"),
        (["--set", "persistence.size=lots"], "persistence.size"),
        (["--set", "persistence.accessMode=ReadWriteMany"], "persistence.accessMode"),
        (["--set", "service.port=70000"], "service.port"),
        (["--set-string", "settings.ADMIN_KEY=secret"], "ADMIN_KEY"),
        (["--set-string", "settings.PORT=9000"], "PORT"),
        (["--set", "settings.GATEWAYS=4"], "settings.GATEWAYS"),
        (["--set", "networkPolicy.httpsTo[0]=example.org"], "networkPolicy.httpsTo.0"),
        (["--set", "podMonitor.enabled=true"], "on one node it is serviceMonitor"),
        (["--set", "stop.orderlySeconds=20"], "each be more than the one before"),
        (["--set", "stop.killSeconds=60"], "each be more than the one before"),
    ],
)
def test_a_value_that_will_not_do_is_refused_with_its_place(given, told):
    done = helm(*given)
    assert done.returncode != 0
    assert told in done.stderr


@pytest.mark.parametrize("case", ["defaults", "one-node"])
def test_the_registry_of_the_values_is_one_that_the_service_reads(case, tmp_path: Path):
    told = of_kind(rendered(*CASES[case]), "ConfigMap", "experts")["data"]["experts.yaml"]
    file = tmp_path / "experts.yaml"
    file.write_text(told)
    checked = check(file)
    assert checked.registry is not None, checked.faults
    assert [one.id for one in checked.registry.experts]


def test_a_changed_registry_is_followed_and_starts_no_new_pod():
    changed = rendered("--set-string", "experts=version: 1")
    template = of_kind(changed, "StatefulSet")["spec"]["template"]
    assert template == of_kind(rendered(), "StatefulSet")["spec"]["template"]


def test_chart_and_program_have_one_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == orchestrator.__version__


def test_releases_of_other_names_share_no_object():
    names = {(one["kind"], one["metadata"]["name"]) for one in rendered(release="other")}
    ours = {(one["kind"], one["metadata"]["name"]) for one in rendered()}
    assert not names & ours
