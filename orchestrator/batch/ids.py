"""Ids of batches and files: nobody can guess one, and by them newer ones come after older ones.

What is listed is ordered by the second it was made in; within a second the ids decide.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable

#: In the order of their codes, so that numbers of one length sort as their texts do.
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
#: Microseconds of Unix time, until the year 2398.
_TIME_LETTERS = 9
#: 142 bits.
_SECRET_LETTERS = 24


def new_batch_id(*, clock: Callable[[], float] = time.time) -> str:
    """Of a batch; `clock` gives Unix time, seconds."""
    return f"batch_{_id(clock())}"


def new_file_id(*, clock: Callable[[], float] = time.time) -> str:
    """Of a file; `clock` gives Unix time, seconds."""
    return f"file-{_id(clock())}"


def _id(now_s: float) -> str:
    left, time_letters = int(now_s * 1e6), ""
    for _ in range(_TIME_LETTERS):
        left, digit = divmod(left, len(_LETTERS))
        time_letters = _LETTERS[digit] + time_letters
    return time_letters + "".join(secrets.choice(_LETTERS) for _ in range(_SECRET_LETTERS))
