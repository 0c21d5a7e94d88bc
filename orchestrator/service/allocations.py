"""How this process keeps what it allocates: large blocks go back to the system when they are freed.

glibc takes a freed block of up to 32 MiB for a sign that more of its size will come: from then on
it cuts them out of the heap, and holds up to twice their size there. An upstream that sent one
answer of 16 MiB so left a gateway with 30 to 90 MiB that nothing used, for ever.
"""

from __future__ import annotations

import ctypes

#: Blocks from this on are mapped and unmapped, each on its own, bytes.
LARGE_BYTES = 2**20
#: Free bytes at the heap's end that are kept for what comes next.
KEPT_BYTES = 8 * 2**20

#: Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def return_large_blocks() -> bool:
    """Have the allocator of this process return large blocks; `False` where it is not glibc's.

    For processes that pass on what others send. One that computes is faster with blocks kept.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    thresholds = {_M_MMAP_THRESHOLD: LARGE_BYTES, _M_TRIM_THRESHOLD: KEPT_BYTES}
    is_set = [mallopt(ctypes.c_int(name), num) == 1 for name, num in thresholds.items()]
    return all(is_set)
