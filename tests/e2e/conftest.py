"""Which tests go together where several run side by side (`pytest -n 2 --dist loadgroup`).

A module's tests share its service, so one run has them all. Modules that share engines, too.
"""

import pytest

#: Whose tests start engines that others of them use.
_SHARED = "models"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name each test's group: `engines`, or its module."""
    sharing = {item.path for item in items if _SHARED in getattr(item, "fixturenames", ())}
    for item in items:
        group = "engines" if item.path in sharing else item.path.stem
        item.add_marker(pytest.mark.xdist_group(group))
