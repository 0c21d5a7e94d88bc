"""`docs/cli.md`, written from the commands: `python -m orchestrator.cli.page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.cli.commands import with_examples
from orchestrator.cli.examples import EXAMPLES
from orchestrator.cli.main import COMMANDS, command
from orchestrator.errors import MissingExtraError

PAGE = Path(__file__).parents[2] / "docs/cli.md"
_HEAD = """\
# The command line

Written from the commands by `python -m orchestrator.cli.page`; a test holds it to them.
`orchestrator COMMAND --help` says the same with every option.

- Commands that ask a running service find it at `--url`, else ORCHESTRATOR_URL, else
  `http://127.0.0.1:8000`. Give keys by ORCHESTRATOR_API_KEY and ORCHESTRATOR_ADMIN_KEY: what is
  given as an option is seen by everybody on the machine.
- Commands that read a registry take `experts.yaml`, else what `--registry` or
  ORCHESTRATOR_REGISTRY names.
- `--json` prints JSON on standard output, and nothing else goes there. What is told beside a
  result goes to standard error.

## Exit codes
| code | what it says |
|---|---|
| 0 | done |
| 1 | it failed, or what was checked has faults: the reason is on standard error, or is the output |
| 2 | wrong usage: an unknown command, option or value, or an extra that is not installed |
| 130 | stopped by Ctrl-C |

## Completion
`orchestrator --install-completion` has the shell that you are in (bash, zsh, fish) complete names
of commands, options and, from the registry file at hand, ids of experts. It needs no extra;
`orchestrator --show-completion bash` prints the script.

## Commands
"""


def page() -> str:
    """The page as it should be."""
    return _HEAD + "\n".join(_rows())


def leaves() -> Iterator[tuple[str, Any]]:
    """Every command that has none below it, with how it is called.

    One whose extra is not installed is `None`; the names below it are those of its examples.
    """
    root = command()
    for name in COMMANDS:
        yield from _leaves(root.commands[name], name)


def _leaves(found: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(found, "real"):
        try:
            found = found.real()
        except MissingExtraError:
            below = [name for name in EXAMPLES if name.startswith(f"{path} ")]
            yield from ((name, None) for name in below or [path])
            return
    inner = getattr(found, "commands", None)
    if inner is None:
        with_examples(found, f"orchestrator {path}")
        yield path, found
        return
    for name, one in inner.items():
        yield from _leaves(one, f"{path} {name}")


def _rows() -> Iterator[str]:
    for path, leaf in leaves():
        if leaf is None:
            raise MissingExtraError(f"{path!r} cannot be loaded: install its extra")
        about = (leaf.help or "").strip().partition("\n")[0]
        yield f"### `orchestrator {path}`"
        yield about
        yield ""
        yield from _options(leaf)
        yield "```sh"
        yield from (f"orchestrator {one}" for one in EXAMPLES[path])
        yield "```"
        yield ""


def _options(leaf: Any) -> Iterator[str]:
    told = [one for one in leaf.params if getattr(one, "help", None) and one.name != "help"]
    for one in told:
        names = ", ".join((*one.opts, *one.secondary_opts))
        name = names if names.startswith("-") else one.name.upper()
        yield f"- `{name}`: {' '.join(one.help.split())}"
    if told:
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
