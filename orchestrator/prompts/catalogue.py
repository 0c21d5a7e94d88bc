"""The prompts that come with the package, and those of an operator's files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from orchestrator.errors import PromptError
from orchestrator.prompts.roles import Role
from orchestrator.prompts.template import Template, parse

#: What is longer was not written to be a prompt.
MAX_BYTES = 64 * 1024


def shipped_text(role: Role) -> str:
    """The file of the prompt that comes with the package."""
    return files(__package__).joinpath("shipped", f"{role}.jinja").read_text(encoding="utf-8")


@cache
def shipped(role: Role) -> Template:
    """The prompt that comes with the package."""
    return parse(shipped_text(role), name=f"shipped/{role}.jinja")


def loaded(path: Path, role: Role) -> Template:
    """The prompt of an operator's file, as it says now.

    Raises:
        PromptError: there is no such file, it is for another role, or it cannot be used; names
            file and line.
    """
    template = parse(_text(path), name=str(path))
    if template.role != role:
        raise PromptError(f"{path}:1: it is for role {template.role!r} and used for {role!r}")
    return template


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise PromptError(f"{path}: there is no such file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, ValueError) as exc:
        raise PromptError(f"{path}: the file cannot be read as text: {exc}") from exc
    if len(content) > MAX_BYTES:
        raise PromptError(f"{path}: a prompt has at most {MAX_BYTES:,} bytes")
    return text
