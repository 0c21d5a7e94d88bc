"""Which experts can take a request at all, by what it carries and what they can do."""

from __future__ import annotations

from typing import Literal

from orchestrator.compositions.base import Query
from orchestrator.engines.base import Chat, ImagePart
from orchestrator.errors import InvalidRequestError, RequestError, UnsupportedParameterError
from orchestrator.registry.engine_entry import ReplayEngine, VllmEngine
from orchestrator.registry.models import Expert, Registry

Need = Literal["text", "images", "tools", "structure", "structure_with_tools", "logprobs"]
Needs = frozenset[Need]

_TEXT: Needs = frozenset({"text"})

#: Need -> what an expert without it cannot do, and how that is told; the first one missing is.
_PHRASES: dict[Need, tuple[str, type[RequestError], str]] = {
    "text": ("answer with text", InvalidRequestError, "model"),
    "images": ("read images", InvalidRequestError, "messages"),
    "tools": ("call tools", UnsupportedParameterError, "tools"),
    "structure": ("keep to a response_format", UnsupportedParameterError, "response_format"),
    "structure_with_tools": (
        "keep to a response_format while it has tools",
        UnsupportedParameterError,
        "response_format",
    ),
    "logprobs": ("tell log-probabilities", UnsupportedParameterError, "logprobs"),
}


def needs_of(query: Query) -> Needs:
    """What an expert must be able to do to take `query`: answer in text, at least."""
    needs: set[Need] = set()
    if query.structure is not None:
        needs.add("structure")
    if query.sampling.top_logprobs is not None:
        needs.add("logprobs")
    if isinstance(query.prompt, Chat):
        needs |= _needs_of_chat(query.prompt, is_structured=query.structure is not None)
    return _TEXT | needs if needs else _TEXT


def _needs_of_chat(chat: Chat, *, is_structured: bool) -> set[Need]:
    needs: set[Need] = set()
    if chat.tools and chat.tool_choice != "none":
        needs.add("tools")
    if chat.tools and is_structured:
        needs.add("structure_with_tools")
    if any(isinstance(part, ImagePart) for turn in chat.messages for part in turn.content):
        needs.add("images")
    return needs


def abilities_of(expert: Expert) -> Needs:
    """What `expert` can do; one that embeds takes no prompts at all.

    Our own vLLM reads no images, and takes tools when it has a `tool_parser`; recordings are texts
    by text; other engines are taken at the registry's word.
    """
    if expert.embeds:
        return frozenset()
    abilities: set[Need] = {"text", "structure", "logprobs", "tools", "structure_with_tools"}
    if "image" in expert.modalities:
        abilities.add("images")
    if isinstance(expert.engine, VllmEngine):
        abilities -= {"images", "structure_with_tools"}
        if expert.engine.tool_parser is None:
            abilities.discard("tools")
    if isinstance(expert.engine, ReplayEngine):
        abilities -= {"tools", "structure", "logprobs"}
    abilities -= set(expert.lacks)
    if not {"tools", "structure"} <= abilities:
        abilities.discard("structure_with_tools")
    return frozenset(abilities)


class Eligibility:
    """The abilities of every expert of one generation."""

    def __init__(self, registry: Registry) -> None:
        self._abilities = {expert.id: abilities_of(expert) for expert in registry.experts}

    def has_any(self, needs: Needs) -> bool:
        """Whether some expert can do all of `needs`."""
        return any(needs <= can for can in self._abilities.values())

    def able(self, needs: Needs) -> frozenset[str]:
        """Ids of the experts that can do all of `needs`.

        Raises:
            RequestError: no expert can.
        """
        found = frozenset(name for name, can in self._abilities.items() if needs <= can)
        if not found:
            raise self._refusal(None, needs)
        return found

    def why_not(self, expert_id: str, needs: Needs) -> str | None:
        """What of `needs` an expert cannot do, in words; `None` where it can all of it."""
        missing = needs - self._abilities[expert_id]
        return f"does not {_PHRASES[_first(missing)][0]}" if missing else None

    def check(self, expert_id: str, needs: Needs, *, veiled: frozenset[str] = frozenset()) -> None:
        """Make sure that one named expert can do all of `needs`.

        Raises:
            RequestError: it cannot; the message names those that can, but for the veiled.
        """
        missing = needs - self._abilities[expert_id]
        if missing:
            raise self._refusal(expert_id, missing, veiled=veiled)

    def _refusal(
        self, expert_id: str | None, needs: Needs, *, veiled: frozenset[str] = frozenset()
    ) -> RequestError:
        first = _first(needs)
        phrase, kind, param = _PHRASES[first]
        if expert_id is None:
            asked = " and ".join(words for need, (words, _, _) in _PHRASES.items() if need in needs)
            rarest = next((one for one in _PHRASES if one in needs and one != "text"), first)
            _, kind, param = _PHRASES[rarest]
            return kind(f"no expert of this registry can {asked}", param=param)
        known = {name: can for name, can in self._abilities.items() if name not in veiled}
        able = sorted(name for name, can in known.items() if needs <= can)
        others = f"experts that do: {able}" if able else "no expert that you may ask does"
        hint = ", it embeds: POST /v1/embeddings" if first == "text" else ""
        return kind(f"expert {expert_id!r} does not {phrase}{hint}; {others}", param=param)


def _first(needs: Needs) -> Need:
    return next(need for need in _PHRASES if need in needs)
