"""Commands that are loaded when they run, so that `--help` does not import what they need."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from orchestrator.cli.examples import EXAMPLES
from orchestrator.errors import MissingExtraError

#: Extra -> modules that come with it and with nothing smaller.
MODULES = {
    "routers": ("numpy", "tokenizers", "safetensors", "re2", "py3langid"),
    "train": ("sklearn", "scipy", "model2vec", "sentence_transformers"),
    "plot": ("matplotlib",),
    "data": ("pyarrow",),
    "batch": ("pandas", "pyarrow"),
    "serve": ("ray", "fastapi", "aiohttp", "redis", "prometheus_client", "watchfiles"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command before it is loaded: `orchestrator.cli.NAME:NAME`, a function or a typer app."""

    help: str
    #: The extra of the package whose modules it needs; several are separated by commas.
    extra: str | None = None
    #: Its module and function, where they cannot have its name: `import` is a word of Python.
    module: str | None = None


def group_of(commands: Mapping[str, Command], *, prefix: str = "") -> type[TyperGroup]:
    """The typer group of these commands, in their order.

    Args:
        commands: by the name they are called by.
        prefix: what their modules' names have before it: `fit_` where `fit skill` is in
            `orchestrator/cli/fit_skill.py`.
    """

    class LazyGroup(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            lazy = {
                name: _Lazy(name, one, module=prefix + (one.module or name))
                for name, one in commands.items()
            }
            super().__init__(**{**settings, "commands": lazy})

    return LazyGroup


class _Lazy(TyperCommand):
    """Stands for a command in the list; becomes the real one when it is called."""

    def __init__(self, name: str, command: Command, *, module: str) -> None:
        super().__init__(name, help=command.help)
        self._command = command
        self._module = module

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        try:
            real = self.real()
        except MissingExtraError:
            if not more.get("resilient_parsing"):
                raise
            # A shell that completes: it knows the name, and nothing behind it.
            return super().make_context(info_name, args, *rest, **more)
        parent = more.get("parent")
        with_examples(real, f"{parent.command_path} {info_name}" if parent else info_name or "")
        return real.make_context(info_name, args, *rest, **more)

    def real(self) -> Any:
        """The command with its options; its module is imported.

        Raises:
            MissingExtraError: its extra is not installed.
        """
        app = load(self._module, self._command)
        if not isinstance(app, typer.Typer):
            function, app = app, typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(help=self._command.help)(function)
        return get_command(app)


def with_examples(command: Any, path: str) -> None:
    """Give a command that was loaded, and those inside of it, their examples.

    Args:
        command: of typer.
        path: how it is called, `orchestrator models pull`.
    """
    if examples := EXAMPLES.get(path.partition(" ")[2]):
        # The mark keeps lines as they are.
        lines = "\n".join(f"  orchestrator {one}" for one in examples)
        command.epilog = f"\b\nExamples:\n{lines}"
    for name, inner in getattr(command, "commands", {}).items():
        if not isinstance(inner, _Lazy):
            with_examples(inner, f"{path} {name}")


def load(name: str, command: Command) -> Callable[..., None] | typer.Typer:
    """The function of a command, or the app of one that has commands of its own.

    Raises:
        MissingExtraError: the command's extra is not installed.
    """
    if command.extra is not None:
        require(command.extra)
    module = importlib.import_module(f"orchestrator.cli.{name}")
    loaded: Callable[..., None] | typer.Typer = getattr(module, name)
    return loaded


def require(extra: str) -> None:
    """Raise `MissingExtraError` unless the modules of an extra can be imported."""
    modules = [name for one in extra.split(",") for name in MODULES[one]]
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"this needs the {extra!r} extra: pip install 'orchestrator[{extra}]'"
        )
