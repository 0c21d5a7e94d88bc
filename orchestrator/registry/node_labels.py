"""What labels of a cluster's nodes look like: as Ray's and Kubernetes' do."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?/)?{_WORD}")
_VALUE = re.compile(_WORD)
#: Letters of all labels of a slot: its worker is called by them, and so is the file of its costs.
MAX_LETTERS = 120


def require_labels(labels: Mapping[str, str]) -> None:
    """Refuse what no node can have.

    Raises:
        ValueError: a label or a value is none, or all together are too long; says which.
    """
    for label, value in labels.items():
        if not _LABEL.fullmatch(label):
            raise ValueError(
                f"{label!r} is no label of a node: letters, digits, `-`, `_` and `.`, 63 at most, "
                "such as `zone`, or `ray.io/market-type` with whose it is before a `/`"
            )
        if not _VALUE.fullmatch(value):
            raise ValueError(
                f"label {label!r} is {value!r}: a value is letters, digits, `-`, `_` and `.`, 63 "
                "at most, and begins and ends with a letter or a digit"
            )
    letters = sum(len(label) + len(value) for label, value in labels.items())
    if letters > MAX_LETTERS:
        raise ValueError(
            f"labels {sorted(labels)} have {letters} letters with their values, and "
            f"{MAX_LETTERS} is the most of a slot: name fewer"
        )
