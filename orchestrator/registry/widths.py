"""What a slot's worker is called: its name says all that its process is started with.

So a slot that an edit makes wider is another one, which comes while the old one leaves, and who
reads a name knows how the process under it was started, whichever generation wanted it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.registry.models import Slot

#: Not of `registry.models.Id`, so that no slot of a registry is called like a wider one.
_MARK = "@"
_KIND = "kind"
#: In a label; no letter of one, and of no number and no kind of GPUs.
_EQUALS = "="
#: For the `/` of a label: names of workers are parts of paths.
_SLASH = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """What the process of a worker is given, once and for all."""

    #: Of the engines' arithmetic: whole CPUs of the slot, 1 at least.
    cpus: int = 1
    gpus: int = 0
    #: Of its GPUs, as Ray calls them; any where empty.
    kind: str = ""
    #: Labels that its node has.
    labels: Mapping[str, str] = field(default_factory=dict)


def worker_names(slot: Slot) -> Iterator[str]:
    """A name for each that `slot` counts: `local`, `local-1`; `local@2cpus@1gpus` where wider."""
    cpus = max(1, int(slot.cpus))
    wide = f"{_MARK}{cpus}cpus" if cpus > 1 else ""
    wide += f"{_MARK}{slot.accelerators}gpus" if slot.accelerators else ""
    wide += f"{_MARK}{slot.accelerator}{_KIND}" if slot.accelerator else ""
    for label, value in sorted(slot.label_selector.items()):
        wide += f"{_MARK}{label.replace('/', _SLASH)}{_EQUALS}{value}"
    for number in range(slot.count):
        yield f"{slot.name}-{number}{wide}" if number else f"{slot.name}{wide}"


def width(worker: str) -> Width:
    """What the process of this name is started with."""
    told = worker.split(_MARK)[1:]
    labels = [part.partition(_EQUALS) for part in told if _EQUALS in part]
    parts = [part for part in told if _EQUALS not in part]
    kinds = [part.removesuffix(_KIND) for part in parts if part.endswith(_KIND)]
    counts = {part[-4:]: int(part[:-4]) for part in parts if not part.endswith(_KIND)}
    return Width(
        **counts,
        kind="".join(kinds),
        labels={label.replace(_SLASH, "/"): value for label, _, value in labels},
    )
