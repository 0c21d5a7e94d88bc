"""Outcomes as a parquet file."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from orchestrator.errors import SetupError
from routers.datasets import Outcome


def write_parquet(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write them; a file of the same name is replaced once the new one is whole.

    Raises:
        SetupError: the file cannot be written.
    """
    import pyarrow  # here, since it is an extra
    from pyarrow import parquet

    schema = pyarrow.schema(
        {
            "id": pyarrow.string(),
            "expert": pyarrow.string(),
            "score": pyarrow.float64(),
            "answer": pyarrow.string(),
            "log_prob": pyarrow.float64(),
            "tokens": pyarrow.int64(),
            "seconds": pyarrow.float64(),
            "sample": pyarrow.int32(),
            "fault": pyarrow.string(),
            "version": pyarrow.string(),
            "asked": pyarrow.string(),
        }
    )
    rows = [asdict(one) for one in outcomes]
    for row in rows:
        row["score"] = None if math.isnan(row["score"]) else row["score"]
    table = pyarrow.Table.from_pylist(rows, schema=schema)
    whole = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        parquet.write_table(table, whole)
        whole.replace(path)
    except (OSError, pyarrow.ArrowException) as exc:
        raise SetupError(f"{str(path)!r} cannot be written: {exc}") from exc
