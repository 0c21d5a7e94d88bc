"""`orchestrator chat`: talk with experts in a terminal, or through a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from orchestrator.cli.chat_turn import Turn, ask
from orchestrator.cli.live_names import model_names
from orchestrator.cli.route import explanation
from orchestrator.cli.service_edits import URL, Url, reached
from orchestrator.cli.service_key import caller_key
from orchestrator.client.blocking import Client
from orchestrator.errors import OrchestratorError

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a turn, unstreamed.")]
_COMMANDS = """\
/route [PROMPT]  who would answer, and why; the last prompt by default
/model [NAME]    ask another expert or composition; without a name, which there are
/reset           forget what was said
/quit            end, as Ctrl-D does"""


def chat(
    prompt: Annotated[
        str | None, typer.Argument(help="A single turn; read from standard input if none.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="Expert or composition that is asked.", autocompletion=model_names)
    ] = "auto",
    system: Annotated[str | None, typer.Option(help="A system prompt before all turns.")] = None,
    url: Url = URL,
    as_json: AsJson = False,
) -> None:
    """Talk with experts in a terminal, or through a pipe.

    Answers are shown as they are written, then who wrote them and what they took.

    In a terminal it goes on until /quit; /help lists its commands. A prompt, or text from a pipe,
    is a single turn: the answer alone goes to standard output.
    """
    with Client(url, api_key=caller_key()) as client, reached(url):
        talk = Chat(client=client, model=model, system=system, as_json=as_json)
        if prompt is not None or not sys.stdin.isatty():
            text = prompt if prompt is not None else sys.stdin.read().strip()
            if not text:
                raise typer.BadParameter("there is nothing to ask: the prompt is empty")
            talk.say(text)
            return
        for line in _typed():
            if not talk.hear(line):
                return


@dataclass(slots=True, kw_only=True)
class Chat:
    """A conversation and what is typed in it."""

    client: Client
    model: str = "auto"
    system: str | None = None
    as_json: bool = False
    turns: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, line: str) -> bool:
        """Take one line; false where it ends the conversation. Errors are told, and it goes on."""
        command, _, rest = line.strip().partition(" ")
        try:
            if command == "/quit":
                return False
            if command.startswith("/"):
                self._obey(command, rest.strip())
            elif command:
                self.say(line.strip())
        except OrchestratorError as error:
            typer.echo(error.message, err=True)
        except KeyboardInterrupt:
            typer.echo("\n(stopped)", err=True)
        return True

    def say(self, text: str) -> Turn:
        """Ask one turn and show its answer.

        Raises:
            OrchestratorError: it was not answered; it is as if it had not been said.
        """
        asked = [*self.turns, {"role": "user", "content": text}]
        before = [{"role": "system", "content": self.system}] if self.system else []
        turn = ask(
            self.client,
            [*before, *asked],
            model=self.model,
            show=self._show,
            tell=lambda line: typer.echo(f"  {line}", err=True),
        )
        self.turns = [*asked, {"role": "assistant", "content": turn.text}]
        if self.as_json:
            typer.echo(json.dumps(turn.as_dict()))
        else:
            typer.echo("")
            typer.echo(f"  {turn}", err=True)
        return turn

    def _show(self, piece: str) -> None:
        if not self.as_json:
            typer.echo(piece, nl=False)

    def _obey(self, command: str, rest: str) -> None:
        if command == "/route":
            typer.echo("\n".join(self._explained(rest)))
        elif command == "/model":
            self._name(rest)
        elif command == "/reset":
            self.turns = []
            typer.echo("what was said is forgotten", err=True)
        else:
            typer.echo(_COMMANDS, err=True)

    def _explained(self, prompt: str) -> Iterator[str]:
        said = [one["content"] for one in self.turns if one["role"] == "user"]
        if not prompt and not said:
            yield "nothing was asked yet: /route PROMPT"
            return
        yield from explanation(self.client.route(prompt or said[-1], model=self.model))

    def _name(self, name: str) -> None:
        known = [one.id for one in self.client.models() if one.task != "embed"]
        if name in known:
            self.model = name
        elif name:
            typer.echo(f"no model {name!r}", err=True)
        typer.echo(f"{self.model} is asked; there are {', '.join(known)}", err=True)


def _typed() -> Iterator[str]:
    """Lines as they are typed, until the end of the input."""
    import readline  # noqa: F401 - gives `input` its history, in a terminal alone

    while True:
        try:
            yield input("> ")
        except EOFError:
            typer.echo("")
            return
        except KeyboardInterrupt:
            typer.echo("")
