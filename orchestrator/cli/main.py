"""The command line: `orchestrator COMMAND`.

To add a command `serve`:

1. write `orchestrator/cli/serve.py` with one function `serve`, its parameters annotated for typer;
   import freely at its top: the file is loaded when the command runs, not before; a command with
   commands of its own is a `typer.Typer` of that name (`fit.py` has them in files of their own);
2. add a row to `COMMANDS`: its help line, and the extra it needs beyond the core;
3. add examples to `orchestrator/cli/examples.py`, and write the page anew:
   `python -m orchestrator.cli.page`.

Raise an `OrchestratorError` for whatever the person at the terminal should read: it is shown
without a traceback and ends the process with 1 (2 where an extra is missing).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.main import get_command

from orchestrator.cli.commands import Command, group_of
from orchestrator.errors import MissingExtraError, OrchestratorError

COMMANDS: dict[str, Command] = {
    "batch": Command(help="Answer files of requests by plan."),
    "chat": Command(help="Talk with experts in a terminal, or through a pipe."),
    "check": Command(help="Check a registry file and list every fault with its place."),
    "compare": Command(help="Sum up routers that a log compares.", extra="routers"),
    "diff": Command(help="Say what a registry would change of a running service."),
    "doctor": Command(help="Look at what a service needs of this machine."),
    "eval": Command(help="Measure routers on questions with known outcomes.", extra="routers"),
    "experts": Command(help="List, show, add, edit and remove experts."),
    "feedback": Command(help="List what callers said of answers, and take it back."),
    "fit": Command(help="Fit a router on questions or on what experts answered."),
    "generations": Command(help="List the generations that a running service keeps."),
    "import": Command(
        help="Print a registry made of LiteLLM's or llama-swap's settings.", module="importing"
    ),
    "init": Command(help="Write a first registry from models."),
    "keys": Command(help="Make, list, change and end keys of a running service."),
    "load": Command(help="Make an expert of a running service resident."),
    "unload": Command(help="Have an expert's engine step down."),
    "pin": Command(help="Keep an expert of a running service resident."),
    "unpin": Command(help="Keep an expert no longer."),
    "residency": Command(help="Show what the slots of a running service do and why."),
    "reload": Command(help="Have a running service read its registry file again."),
    "restart": Command(help="Restart gateways or workers of a running service, one by one."),
    "rollback": Command(help="Have a running service go back to an earlier generation."),
    "merge": Command(help="Merge experts into a new one.", extra="routers"),
    "models": Command(help="Fetch, verify, list and remove experts' models.", extra="serve"),
    "place": Command(help="Choose homes for experts by observed load."),
    "profile": Command(help="Put a data set to the experts of a service.", extra="routers"),
    "prompts": Command(help="List the prompts of roles, or print one."),
    "route": Command(help="Say which experts would answer a prompt, and why."),
    "schema": Command(help="Print the JSON Schema of registry files, for editors."),
    "serve": Command(help="Serve a registry's experts behind one endpoint.", extra="serve"),
    "simulate": Command(help="Play a trace under our policy and others' in simulated time."),
    "trace": Command(help="Record or make traces for `orchestrator simulate`."),
    "usage": Command(help="Sum up what was used of a running service, by whom."),
    "version": Command(help="Print the version."),
}


def main(args: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code.

    Args:
        args: what follows `orchestrator`; the process's own by default.

    Raises:
        SystemExit: always.
    """
    try:
        command()(args=list(sys.argv[1:] if args is None else args), prog_name="orchestrator")
    except OrchestratorError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(2 if isinstance(error, MissingExtraError) else 1)


def command() -> Any:
    """All commands as one, those in it not loaded."""
    app = typer.Typer(
        cls=group_of(COMMANDS),
        no_args_is_help=True,
        rich_markup_mode=None,
        help="One endpoint over many expert language models.",
    )
    # Without a callback typer would take a single command for the whole program.
    app.callback()(lambda: None)
    return get_command(app)


if __name__ == "__main__":
    main()
