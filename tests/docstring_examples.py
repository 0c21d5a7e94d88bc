"""Examples in docstrings: found, run at a service, and their output held to what they say."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO

import orchestrator.client as sdk
from tests.page_blocks import URL

_EXAMPLE = re.compile(r"Example:\n\s+```python\n(?P<code>.*?)```", re.DOTALL)
_TOLD = re.compile(r"^\s*print\(.*\)  # (?P<told>.+)$", re.MULTILINE)
#: What clients lend.
LENT = ("batches", "files", "judgements", "keys", "registry", "usage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One public thing and what its docstring has typed."""

    name: str
    #: `None` where it has none.
    code: str | None

    @property
    def told(self) -> list[str]:
        """Lines that it says are printed, in order."""
        return _TOLD.findall(self.code or "")


def examples_of(kind: type) -> list[Example]:
    """Those of a client, of what it lends and of what it gives back."""
    is_async = kind is sdk.AsyncClient
    client = kind()
    kinds = [kind, *(type(getattr(client, name)) for name in LENT)]
    kinds += [sdk.AsyncChatStream if is_async else sdk.ChatStream]
    results = sdk.AsyncBatchResults if is_async else sdk.BatchResults
    classes = [Example(name=one.__name__, code=_code(one)) for one in (kinds[0], results)]
    return [*classes, *(example for one in kinds for example in _methods(one))]


def _methods(kind: type) -> Iterator[Example]:
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_"):
            yield Example(name=f"{kind.__name__}.{name}", code=_code(method))


def _code(documented: object) -> str | None:
    found = _EXAMPLE.search(inspect.getdoc(documented) or "")
    return textwrap.dedent(found["code"]) if found else None


async def output_of(example: Example, client: object, url: str) -> list[str]:
    """Lines that an example prints, run with `client` at the service of `url`."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile((example.code or "").replace(URL, url), example.name, "exec", flags=flags)
    with redirect_stdout(StringIO()) as out:
        waiting = eval(code, {"client": client})
        if inspect.iscoroutine(waiting):
            await waiting
    return out.getvalue().splitlines()
