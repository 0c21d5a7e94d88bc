"""Processes of the service look for objects that hold each other seldom."""

import gc
import subprocess
import sys

from ray._common.utils import load_class
from ray._private import ray_constants

from orchestrator.service.collecting import ENVIRONMENT, collect_seldom


def test_ray_is_told_in_the_variable_that_it_reads():
    ((variable, named),) = ENVIRONMENT.items()

    assert variable == ray_constants.WORKER_PROCESS_SETUP_HOOK_ENV_VAR
    assert load_class(named) is collect_seldom


def test_what_is_called_first_brings_nothing_else_with_it():
    lines = (
        "import sys; from orchestrator.service.collecting import collect_seldom",
        "collect_seldom(); import gc; print(gc.get_threshold()[0] > 5000)",
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
