"""Holdings as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from orchestrator.engines.holdings import Holding

_GIB = 2**30
_COLUMNS = ("lineage", "expert", "state", "GiB", "revision", "start s", "reload s", "canary")


def holdings_table(found: Sequence[Holding]) -> Table:
    """One row an expert; a lineage is named once, and adapters stand in from their bases."""
    table = Table(box=None, pad_edge=False)
    for column in (
        "lineage",
        "expert",
        "state",
        "GiB",
        "revision",
        "start s",
        "reload s",
        "canary",
    ):
        table.add_column(column, overflow="fold")
    before = None
    for one in found:
        table.add_row(
            one.lineage if one.lineage != before else "",
            f"  {one.expert_id} (adapter)" if one.role == "adapter" else one.expert_id,
            one.state,
            f"{one.num_bytes / _GIB:.3f}",
            (one.revision or "-")[:12],
            _seconds(one, "start"),
            _seconds(one, "adapter" if one.role == "adapter" else "reload"),
            "yes" if one.has_canary else "no",
        )
        before = one.lineage
    return table


def _seconds(one: Holding, kind: str) -> str:
    seconds = one.load_s.get(kind)
    return "-" if seconds is None else f"{seconds:.2f}"
