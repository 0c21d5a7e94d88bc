"""What the tests of the deployment share."""

import re
from pathlib import Path

import pytest

_CONTAINER = Path(__file__).parents[2] / "deploy/container"


@pytest.fixture(params=["cpu", "gpu"])
def dockerfile(request) -> Path:
    return _CONTAINER / f"Dockerfile.{request.param}"


@pytest.fixture
def image_variables(dockerfile) -> dict[str, str]:
    """What an image puts into the environment of the service."""
    return dict(re.findall(r"(ORCHESTRATOR_\w+)=(\S+)", dockerfile.read_text().split("FROM ")[-1]))
