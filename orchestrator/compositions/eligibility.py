"""Which experts can take a request at all, by what it carries and what they can do."""

from __future__ import annotations

from typing import Literal

from orchestrator.engines.base import Chat, ImagePart, Prompt
from orchestrator.errors import InvalidRequestError, RequestError, UnsupportedParameterError
from orchestrator.registry.models import Expert, Registry, VllmEngine

Need = Literal["text", "images", "tools"]
Needs = frozenset[Need]

_TEXT: Needs = frozenset({"text"})

#: Need -> what an expert without it cannot do, and how that is told; the first one missing is.
_PHRASES: dict[Need, tuple[str, type[RequestError], str]] = {
    "text": ("answer with text", InvalidRequestError, "model"),
    "images": ("read images", InvalidRequestError, "messages"),
    "tools": ("call tools", UnsupportedParameterError, "tools"),
}


def needs_of(prompt: Prompt) -> Needs:
    """What an expert must be able to do to take `prompt`: answer in text, at least."""
    if not isinstance(prompt, Chat):
        return _TEXT
    needs: set[Need] = set()
    if prompt.tools and prompt.tool_choice != "none":
        needs.add("tools")
    if any(isinstance(part, ImagePart) for turn in prompt.messages for part in turn.content):
        needs.add("images")
    return _TEXT | needs if needs else _TEXT


def abilities_of(expert: Expert) -> Needs:
    """What `expert` can do; one that embeds takes no prompts at all.

    A vLLM expert takes tools when it has a `tool_parser`; other engines parse tool calls
    themselves.
    """
    if expert.embeds:
        return frozenset()
    abilities: set[Need] = {"text"}
    if "image" in expert.modalities:
        abilities.add("images")
    if not isinstance(expert.engine, VllmEngine) or expert.engine.tool_parser is not None:
        abilities.add("tools")
    return frozenset(abilities)


class Eligibility:
    """The abilities of every expert of one generation."""

    def __init__(self, registry: Registry) -> None:
        self._abilities = {expert.id: abilities_of(expert) for expert in registry.experts}
        self._candidates: dict[Needs, frozenset[str]] = {}

    def candidates(self, needs: Needs) -> frozenset[str]:
        """Ids of the experts that can do all of `needs`.

        Raises:
            RequestError: no expert can.
        """
        found = self._candidates.get(needs)
        if found is None:
            able = (name for name, can in self._abilities.items() if needs <= can)
            found = self._candidates[needs] = frozenset(able)
        if not found:
            raise self._refusal(None, needs)
        return found

    def check(self, expert_id: str, needs: Needs) -> None:
        """Make sure that one named expert can do all of `needs`.

        Raises:
            RequestError: it cannot; the message names those that can.
        """
        missing = needs - self._abilities[expert_id]
        if missing:
            raise self._refusal(expert_id, missing)

    def _refusal(self, expert_id: str | None, needs: Needs) -> RequestError:
        first = next(need for need in _PHRASES if need in needs)
        phrase, kind, param = _PHRASES[first]
        if expert_id is None:
            asked = " and ".join(words for need, (words, _, _) in _PHRASES.items() if need in needs)
            return kind(f"no expert of this registry can {asked}", param=param)
        able = sorted(name for name, can in self._abilities.items() if needs <= can)
        others = f"experts that do: {able}" if able else "no expert of this registry does"
        hint = ", it embeds: POST /v1/embeddings" if first == "text" else ""
        return kind(f"expert {expert_id!r} does not {phrase}{hint}; {others}", param=param)
