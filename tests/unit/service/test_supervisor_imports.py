"""What is imported before a service has set what Ray reads at its import."""

import subprocess
import sys


def test_ray_is_not_imported_before_its_variables_are_set():
    check = "import sys, orchestrator.service.supervisor; sys.exit('ray' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
