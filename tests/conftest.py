"""Settings of every test."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

from tests.free_ports import keep_apart

# A busy machine may stall any one example; how fast code is, the benches measure. The same code
# gets the same examples: `make conformance` has the hours in which to look for others.
settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.load_profile("unhurried")

# What tests fetch and learn of weights stays out of the user's cache.
_LIBRARY = tempfile.mkdtemp(prefix="orchestrator-models-")
os.environ["ORCHESTRATOR_MODELS_DIR"] = _LIBRARY
atexit.register(shutil.rmtree, _LIBRARY, ignore_errors=True)

keep_apart(os.environ.get("PYTEST_XDIST_WORKER"))
