"""Python, what is installed of the extras, and whether versions fit what the package asks for."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from importlib import metadata

from orchestrator.cli.commands import MODULES
from orchestrator.cli.doctor_findings import Finding

_PYTHONS = ((3, 11), (3, 12))
_PACKAGE = "orchestrator"


def package_findings() -> Iterator[Finding]:
    """Python, extras, versions."""
    yield python_finding(sys.version_info[:2])
    for extra, modules in MODULES.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        yield extra_finding(extra, missing)
    yield versions_finding(list(_misfits()))


def python_finding(version: tuple[int, int]) -> Finding:
    """Whether this Python is one the package is tested with."""
    said = ".".join(map(str, version))
    if version in _PYTHONS:
        return Finding(name="python", state="ok", said=said)
    known = " or ".join(".".join(map(str, one)) for one in _PYTHONS)
    return Finding(name="python", state="fail", said=said, todo=f"use Python {known}")


def extra_finding(extra: str, missing: list[str]) -> Finding:
    """Whether an extra of the package is here."""
    name = f"extra {extra}"
    if not missing:
        return Finding(name=name, state="ok", said="installed")
    return Finding(
        name=name,
        state="warn",
        said=f"not installed: {', '.join(missing)}",
        todo=f"where you need it: pip install 'orchestrator[{extra}]'",
    )


def versions_finding(misfits: list[str]) -> Finding:
    """Whether what is installed is what the package asks for."""
    if not misfits:
        return Finding(name="versions", state="ok", said="all that are installed fit")
    todo = "pip install -U 'orchestrator[serve]', or with your extras"
    return Finding(name="versions", state="fail", said="; ".join(misfits), todo=todo)


def _misfits() -> Iterator[str]:
    """Installed packages in versions that the package does not take."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        return
    try:
        wanted = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return
    for one in map(Requirement, wanted):
        try:
            found = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            continue
        if one.specifier and not one.specifier.contains(found, prereleases=True):
            yield f"{one.name} is {found}, wanted {one.specifier}"
