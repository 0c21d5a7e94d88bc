"""Which accelerators of this machine each slot's process sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.registry.widths import width

#: Names the devices that a process may use.
VISIBLE = "CUDA_VISIBLE_DEVICES"
#: One entry a GPU of the machine.
_GPUS = Path("/proc/driver/nvidia/gpus")


def visible(environment: Mapping[str, str], *, gpus: Path = _GPUS) -> tuple[str, ...]:
    """The accelerators that this process may use, as their library names them."""
    told = environment.get(VISIBLE)
    if told is not None:
        return tuple(name for name in told.split(",") if name)
    return (
        tuple(str(number) for number in range(len(list(gpus.iterdir())))) if gpus.is_dir() else ()
    )


def dealt(slots: Iterable[str], devices: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Accelerators by slot, each device to one slot; none to a slot of the CPU.

    Args:
        slots: names that say how many each has; see `registry.widths`.
        devices: those there are.

    Raises:
        SetupError: the slots need more.
    """
    found: dict[str, tuple[str, ...]] = {}
    num_taken = 0
    for slot in slots:
        wanted = width(slot).gpus
        found[slot] = devices[num_taken : num_taken + wanted]
        num_taken += wanted
    if num_taken > len(devices):
        raise SetupError(
            f"the slots {sorted(found)} need {num_taken} accelerators and this process may use "
            f"{len(devices)}: lower `count` or `accelerators` of the slots, or see {VISIBLE}"
        )
    return found
