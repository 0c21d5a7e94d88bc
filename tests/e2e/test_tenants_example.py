"""docs/examples/tenants.md on a real service with keys."""

import os
import subprocess
import sys

import pytest

from tests.e2e.service import Service
from tests.free_ports import free_port
from tests.page_blocks import ROOT, blocks_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ADMIN_KEY = "e2e-admin-key-0123456789abcdef"
FILES = {
    block.told: block.text
    for block in blocks_of(ROOT / "docs/examples/tenants.md")
    if block.mark == "file"
}


def test_the_second_tenant_never_meets_the_expert_that_its_contract_leaves_out(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    keys = {"ORCHESTRATOR_ADMIN_KEY": ADMIN_KEY}
    service = Service(
        tmp_path / "tenants.yaml", port=free_port(), folder=tmp_path / "data",
        environment={**keys, "ORCHESTRATOR_KEYS": "required"},
    )  # fmt: skip
    try:
        service.await_ready()
        done = subprocess.run(
            [sys.executable, "tenants.py"], cwd=tmp_path, capture_output=True, text=True,
            env=os.environ | keys | {"ORCHESTRATOR_URL": service.url, "PYTHONPATH": str(ROOT)},
            timeout=60, check=False,
        )  # fmt: skip
    finally:
        service.stop()

    assert done.returncode == 0, done.stderr
    first, second, refused, *rows = done.stdout.splitlines()
    assert first.startswith("first: from the research one")
    assert "'research'" in first
    assert second.startswith("second: from the open one")
    assert "research" not in second
    assert refused.startswith("second: model_not_found")
    assert any("'research'" in row and "'first'" in row for row in rows)
    assert not any("'research'" in row and "'second'" in row for row in rows)
