"""A process of the service begins with little."""

import gc
import subprocess
import sys

from ray._common.utils import load_class
from ray._private import ray_constants

from orchestrator.service.before_imports import ENVIRONMENT, begin, collect_seldom


def test_ray_is_told_in_the_variable_that_it_reads():
    ((variable, named),) = ENVIRONMENT.items()

    assert variable == ray_constants.WORKER_PROCESS_SETUP_HOOK_ENV_VAR
    assert load_class(named) is begin


def test_what_is_called_first_brings_nothing_else_with_it():
    lines = (
        "import sys; from orchestrator.service.before_imports import begin",
        "begin(); import gc; print(gc.get_threshold()[0] > 5000)",
        "print([one for one in ('ray', 'pydantic', 'httpx', 'openai') if one in sys.modules])",
    )

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True
    )

    assert done.stdout.splitlines() == ["True", "[]"]


def test_it_is_the_process_that_is_told():
    before = gc.get_threshold()
    try:
        collect_seldom()
        told = gc.get_threshold()
    finally:
        gc.set_threshold(*before)

    assert told > before


def test_serve_does_without_pandas():
    lines = (
        "import sys; from orchestrator.service.before_imports import begin; begin()",
        "import ray.serve; from ray.serve._private import utils",
        "print(utils.pd, 'pyarrow' in sys.modules)",
    )

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True
    )

    assert done.stdout.split() == ["None", "False"]


def test_the_command_does_not_import_ray_before_its_variables_are_set():
    lines = "import sys, orchestrator.cli.serve; print('ray' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", lines], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["False"]
