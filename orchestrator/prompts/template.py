"""A prompt: text around values, of which those that are data give no orders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2
from jinja2 import StrictUndefined, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.errors import PromptError
from orchestrator.prompts.delimiters import broken
from orchestrator.prompts.front_matter import FrontMatter, parted
from orchestrator.prompts.roles import VARIABLES, Role, Variable
from routers.answers import without_thinking

#: A value as `Template.render` takes it: text, several texts, or sub-questions with answers.
Value = str | Sequence[str] | Sequence[Mapping[str, str]]

#: What Jinja's own functions are kept to; others only serve to read more than is given.
_GLOBALS = ("range", "namespace")
#: What expressions of a template can meet, beside Jinja's own errors.
_FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_FRAME = "<template>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A prompt of one role, ready to be filled in."""

    role: Role
    #: The file as messages name it.
    name: str
    #: What encloses data.
    delimiters: tuple[str, ...]
    about: str
    _compiled: jinja2.Template = field(repr=False, compare=False)

    def render(self, **values: Value) -> str:
        """The text, with data made harmless: delimiters broken, thinking of experts left out.

        Args:
            values: every variable of the role (`VARIABLES`), whether the text uses it or not.

        Raises:
            PromptError: the text cannot be made of these values; names file and line.
        """
        known = VARIABLES[self.role]
        assert values.keys() == known.keys(), f"{self.role!r} takes {[*known]}, not {[*values]}"
        told = {name: self._told(value, known[name]) for name, value in values.items()}
        try:
            return self._compiled.render(told)
        except _FAULTS as exc:
            raise PromptError(f"{self.name}:{_line_of(exc)}: {_why(exc)}") from exc

    def _told(self, value: Any, variable: Variable) -> Any:
        match variable.form:
            case "text":
                return self._data(value, variable)
            case "texts":
                return [self._data(one, variable) for one in value]
            case "parts":
                return [{k: self._data(one, variable) for k, one in v.items()} for v in value]

    def _data(self, text: str, variable: Variable) -> str:
        if variable.author == "operator":
            return text
        said = without_thinking(text) if variable.author == "expert" else text
        return broken(said, self.delimiters)


def parse(source: str, *, name: str) -> Template:
    """A prompt from its file's text.

    Raises:
        PromptError: it cannot be used; names file and line, and what to change.
    """
    whole = parted(source.removeprefix("\ufeff").replace("\r\n", "\n"), name=name)
    if not whole.body.strip():
        raise PromptError(f"{name}:{whole.num_lines + 1}: the prompt has no text")
    template = Template(
        role=whole.front.role,
        name=name,
        delimiters=whole.front.delimiters,
        about=whole.front.about,
        # A comment keeps the body at its lines of the file; the newline behind it is no output.
        _compiled=_compiled(
            "{#" + "\n" * (whole.num_lines - 1) + "#}\n" + whole.body, whole.front, name
        ),
    )
    for num in (1, 3):
        template.render(**_samples(template.role, num))
    return template


def _compiled(text: str, front: FrontMatter, name: str) -> jinja2.Template:
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, keep_trailing_newline=False
    )
    env.globals = {one: env.globals[one] for one in _GLOBALS}
    del env.filters["random"]  # a seed makes a request repeatable
    try:
        tree = env.parse(text)
        if any(True for _ in meta.find_referenced_templates(tree)):
            raise PromptError(f"{name}:1: a prompt stands alone: it includes and extends nothing")
        _refuse_mismatch(meta.find_undeclared_variables(tree) - {*_GLOBALS}, text, front, name)
        return env.from_string(text)
    except jinja2.TemplateSyntaxError as exc:
        raise PromptError(f"{name}:{exc.lineno}: {exc.message}") from exc
    except (RecursionError, SyntaxError) as exc:
        raise PromptError(f"{name}:1: it nests too deeply: {exc}") from exc


def _refuse_mismatch(used: set[str], text: str, front: FrontMatter, name: str) -> None:
    declared = set(front.variables)
    for variable in sorted(used - declared):
        raise PromptError(
            f"{name}:{_line_with(variable, text)}: variable {variable!r} is used and not declared; "
            f"declared: {sorted(declared)}, role {front.role!r} has: {[*VARIABLES[front.role]]}"
        )
    if unused := sorted(declared - used):
        raise PromptError(
            f"{name}:1: {unused} declared and never used: leave out of `variables`, or use"
        )


def _samples(role: Role, num: int) -> dict[str, Value]:
    """Values to try a prompt with."""
    part = {"question": "q", "answer": "a"}
    by_form: dict[str, Value] = {"text": "x", "texts": ["x"] * num, "parts": [part] * num}
    return {name: by_form[variable.form] for name, variable in VARIABLES[role].items()}


def _line_with(variable: str, text: str) -> int:
    found = re.search(rf"{{[{{%][^}}]*\b{re.escape(variable)}\b", text)
    return 1 if found is None else text.count("\n", 0, found.end()) + 1


def _line_of(exc: BaseException) -> int:
    """The template's line where an error was met."""
    line, frame = 1, exc.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == _FRAME:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _why(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__
