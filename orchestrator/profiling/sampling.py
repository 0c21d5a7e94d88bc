"""Some questions of many."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from routers.datasets import Example


def drawn(examples: Sequence[Example], *, limit: int | None) -> Sequence[Example]:
    """At most `limit` of them, in their order.

    They are drawn by their ids: a larger draw holds every smaller one, so that what was asked of
    a few counts when more are asked.
    """
    if limit is None or limit >= len(examples):
        return examples
    chosen = {example.id for example in sorted(examples, key=_place)[:limit]}
    return [example for example in examples if example.id in chosen]


def _place(example: Example) -> bytes:
    return hashlib.sha256(example.id.encode()).digest()
