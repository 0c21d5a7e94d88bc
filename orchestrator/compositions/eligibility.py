"""Which experts can take a request at all, by what it carries and what they can do."""

from __future__ import annotations

from typing import Literal

from orchestrator.engines.base import Chat, ImagePart, Prompt
from orchestrator.errors import InvalidRequestError, RequestError, UnsupportedParameterError
from orchestrator.registry.models import Expert, Registry, VllmEngine

Need = Literal["images", "tools"]
Needs = frozenset[Need]

_NOTHING: Needs = frozenset()


def needs_of(prompt: Prompt) -> Needs:
    """What an expert must be able to do to take `prompt`."""
    if not isinstance(prompt, Chat):
        return _NOTHING
    needs: set[Need] = set()
    if prompt.tools and prompt.tool_choice != "none":
        needs.add("tools")
    if any(isinstance(part, ImagePart) for turn in prompt.messages for part in turn.content):
        needs.add("images")
    return frozenset(needs) if needs else _NOTHING


def abilities_of(expert: Expert) -> Needs:
    """What `expert` can do beyond text.

    A vLLM expert takes tools when it has a `tool_parser`; other engines parse tool calls
    themselves.
    """
    abilities: set[Need] = set()
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
            raise self._refusal("no expert of this registry", needs)
        return found

    def check(self, expert_id: str, needs: Needs) -> None:
        """Make sure that one named expert can do all of `needs`.

        Raises:
            RequestError: it cannot; the message names those that can.
        """
        missing = needs - self._abilities[expert_id]
        if missing:
            raise self._refusal(f"expert {expert_id!r}", missing)

    def _refusal(self, who: str, needs: Needs) -> RequestError:
        able = sorted(name for name, can in self._abilities.items() if needs <= can)
        others = f"experts that do: {able}" if able else "no expert of this registry does"
        if "images" in needs:
            return InvalidRequestError(f"{who} does not read images; {others}", param="messages")
        return UnsupportedParameterError(f"{who} does not call tools; {others}", param="tools")
