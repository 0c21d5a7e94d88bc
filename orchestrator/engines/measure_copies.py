"""Measures copies between host and device: `python -m orchestrator.engines.measure_copies`.

A program of its own: what a process has opened of a device it keeps until it ends. Prints
`{"gib_per_s": 21.3}`, or ends with 1 where torch knows no device.
"""

from __future__ import annotations

import json
import sys

_NUM_BYTES = 256 * 2**20
_NUM_COPIES = 4


def main() -> int:
    """Command line."""
    import torch

    if not torch.cuda.is_available():
        sys.stderr.write("torch knows no CUDA device\n")
        return 1
    on_host = torch.empty(_NUM_BYTES, dtype=torch.uint8, pin_memory=True)
    on_device = torch.empty(_NUM_BYTES, dtype=torch.uint8, device="cuda")
    on_device.copy_(on_host)  # opens the device
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    began.record()
    for _ in range(_NUM_COPIES):
        on_device.copy_(on_host, non_blocking=True)
        on_host.copy_(on_device, non_blocking=True)
    ended.record()
    torch.cuda.synchronize()
    seconds = began.elapsed_time(ended) / 1000
    gib_per_s = 2 * _NUM_COPIES * _NUM_BYTES / 2**30 / seconds
    sys.stdout.write(json.dumps({"gib_per_s": gib_per_s}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
