"""An extension of the reference: `#:` comments above a field are what the page says of it."""

from __future__ import annotations

from typing import Any

import griffe

_MARK = "#:"


class FieldComments(griffe.Extension):
    """Gives attributes without a docstring the comment that stands above them."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """See `griffe.Extension`."""
        if attr.docstring is None and attr.lineno is not None and (said := _above(attr)):
            attr.docstring = griffe.Docstring(said, lineno=attr.lineno, parent=attr)


def _above(attr: griffe.Attribute) -> str:
    lines = attr.lines_collection[attr.filepath]
    said: list[str] = []
    for line in reversed(lines[: (attr.lineno or 1) - 1]):
        if not line.strip().startswith(_MARK):
            break
        said.insert(0, line.strip().removeprefix(_MARK).strip())
    return " ".join(said)
