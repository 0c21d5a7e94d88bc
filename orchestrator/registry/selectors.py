"""Names for sets of experts: `tag:demo`, `license:GPL-3.0`, `owner:acme`, `expert:math`.

Callers and compositions include and exclude experts by them (FlexOlmo, arXiv:2507.07024).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

KINDS = ("expert", "tag", "license", "owner")
PATTERN = rf"^({'|'.join(KINDS)}):\S(.{{0,126}}\S)?$"

#: As the registry and callers write one.
SelectorText = Annotated[str, Field(pattern=PATTERN)]


def selector(text: str) -> str:
    """One form for all that means the same: names of licences are told apart without case."""
    kind, _, name = text.partition(":")
    return f"{kind}:{name.casefold()}" if kind == "license" else text
