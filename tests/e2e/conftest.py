"""Which tests go together where several run side by side (`pytest -n 2`).

A module's tests share its service, so one run has them all; those of engines share engines, too.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

_ENGINES = "tests/e2e/engines/"


class ByWhatIsShared(LoadScopeScheduling):
    """Hands out whole groups, the largest first."""

    def _split_scope(self, nodeid: str) -> str:
        return _ENGINES if nodeid.startswith(_ENGINES) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> ByWhatIsShared:
    """Hand out this folder's tests so."""
    return ByWhatIsShared(config, log)
