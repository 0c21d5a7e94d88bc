"""The chart as Helm renders it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/orchestrator"
#: Installed by the dev lock beside the interpreter.
HELM = Path(sys.executable).parent / "helm"
#: What a chart may be installed with, by the name of a case.
CASES = {
    "defaults": [],
    "one-node": ["--values", str(CHART / "values-one-node.yaml")],
    "everything": [
        *("--values", str(CHART / "values-one-node.yaml")),
        *("--set", "store.secret=redis,existingConfigMap=mine,gpus=2"),
        *("--set", "secretVariables[0].name=HF_TOKEN"),
        *("--set", "secretVariables[0].secret=hub,secretVariables[0].key=token"),
        *("--set", "persistence.storageClass=fast,podAnnotations.a=b,nodeSelector.gpu=yes"),
        *("--set", "serviceMonitor.labels.release=prometheus,imagePullSecrets[0].name=pull"),
        *("--set-json", 'networkPolicy.egress=[{"ports":[{"port":4318}]}]'),
    ],
}


def helm(*options: str, release: str = "orchestrator") -> subprocess.CompletedProcess[str]:
    """Helm's own words on the chart."""
    command = [str(HELM), "template", release, str(CHART), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(*options: str, release: str = "orchestrator") -> list[dict[str, Any]]:
    """The objects that would be installed."""
    done = helm(*options, release=release)
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def of_kind(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """The one object of `kind` whose name ends in `name`."""
    found = [
        one
        for one in objects
        if one["kind"] == kind and one["metadata"]["name"].endswith(name or "orchestrator")
    ]
    assert len(found) == 1, json.dumps(objects, indent=1)
    return found[0]


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The one container of the service."""
    [only] = of_kind(objects, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    return only
