"""Small parquet files of recorded answers, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

ANSWERS = {
    "model": ["small", "small", "large", "small", "small"],
    "prompt": ["1+1?", "2+2?", "1+1?", "1+1?", "1+1?"],
    "answer": ["two", "four {prompt}", "2", "it is two", "2!"],
}


def write_recordings(path: Path, columns: Mapping[str, Sequence[Any]] = ANSWERS, **options) -> Path:
    parquet.write_table(pyarrow.table(dict(columns)), path, **options)
    return path
