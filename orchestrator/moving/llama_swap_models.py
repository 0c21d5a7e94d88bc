"""Models of llama-swap as experts: vLLM's by their weights, others by the server they run in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.moving.llama_swap_macros import expanded, options_of, words_of
from orchestrator.moving.moved import Notes, expert_of
from orchestrator.moving.naming import MAX_WHOLE, is_plain_url
from orchestrator.registry.faults import shown
from orchestrator.registry.models import Expert

#: What `vllm serve` calls what an expert's engine has keys for.
_VLLM = {
    "max-model-len": ("max_model_len", int),
    "dtype": ("dtype", str),
    "tensor-parallel-size": ("tensor_parallel", int),
    "tool-call-parser": ("tool_parser", str),
    "reasoning-parser": ("reasoning_parser", str),
}
#: Those that are the server's, not the engine's.
_SERVER = frozenset({"host", "port", "served-model-name", "api-key", "enable-auto-tool-choice"})
_CONTEXT = ("ctx-size", "c", "max-model-len")
_EMBEDDING = ("embedding", "embeddings")
_SAMPLING = ("temperature", "top_p", "max_tokens")
_KNOWN = frozenset(
    {"cmd", "proxy", "useModelName", "aliases", "description", "name", "macros", "filters"}
)
_WHY = {
    "ttl": "an engine stays until another expert is wanted: `orchestrator unload` ends one",
    "unlisted": "every name is listed",
    "env": "give it to what starts the server",
    "cmdStop": "a server that was not started from here is not stopped from here",
    "checkEndpoint": "upstreams are not asked before they are wanted",
    "concurrencyLimit": "what waits is bounded a slot: `max_queue` of `defaults`",
    "sendLoadingState": "streams say where they stand by themselves",
    "metadata": "give the expert `tags`",
    "timeouts": "give the engine `timeout_s`, its longest silence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An entry of `models`."""

    name: str
    found: Mapping[str, Any]
    #: Its own over those of the file, `PORT` and `MODEL_ID` with them.
    macros: Mapping[str, Any]

    @property
    def at(self) -> str:
        """Where it stands."""
        return f"models.{self.name}"

    def value(self, key: str) -> Any:
        """A setting with its macros replaced."""
        return expanded(self.found.get(key), self.macros)

    def expert(self, id_: str, notes: Notes) -> Expert | None:
        """The expert that it is; `None`, with the reason in `notes`, where it makes none."""
        command = self.value("cmd")
        words = words_of(command) if isinstance(command, str) else []
        served = _vllm_model(words)
        fields: dict[str, Any] = {"id": id_, **self._knowledge(notes)}
        if served is not None:
            fields |= {"model": served, "engine": self._vllm(words, notes)}
        elif (engine := self._upstream(words, notes)) is not None:
            fields["engine"] = engine
        else:
            return None
        notes.leave_rest(self.found, at=self.at, known=_KNOWN, why=_WHY)
        return expert_of(fields, settings={"engine": f"{self.at}.cmd"}, notes=notes)

    def _vllm(self, words: list[str], notes: Notes) -> dict[str, Any]:
        engine: dict[str, Any] = {"kind": "vllm"}
        for name, value in options_of(words).items():
            if name in _VLLM:
                key, kind = _VLLM[name]
                engine[key] = _of_kind(value, kind)
            elif name not in _SERVER:
                why = "give it by `engine.args`, under vLLM's name of it with underscores"
                notes.leave(f"{self.at}.cmd --{name}", why)
        if self.value("proxy") is not None:
            notes.leave(f"{self.at}.proxy", "the engine runs in a slot, not behind an address")
        if self.value("useModelName") is not None:
            notes.leave(f"{self.at}.useModelName", "the expert's id is its name")
        return engine

    def _upstream(self, words: list[str], notes: Notes) -> dict[str, Any] | None:
        root = self.value("proxy") or f"http://127.0.0.1:{self.macros['PORT']}"
        if not isinstance(root, str) or not is_plain_url(root):
            notes.leave(f"{self.at}.proxy", "this is no URL of scheme, host and path alone")
            return None
        program = shown(words[0]) if words else "the server"
        notes.leave(
            f"{self.at}.cmd",
            f"{program} is not started from here: start it so that it answers at {root}, or give "
            "the expert the safetensors of its model, which slots swap",
        )
        options = options_of(words)
        engine: dict[str, Any] = {"kind": "openai", "base_url": f"{root.rstrip('/')}/v1"}
        engine["model"] = self.value("useModelName") or self.name
        context = next((options[name] for name in _CONTEXT if name in options), None)
        if isinstance(context, str) and context.isdigit() and 0 < int(context) < MAX_WHOLE:
            engine["max_context"] = int(context)
        if any(name in options for name in _EMBEDDING):
            engine["task"] = "embed"
        return engine

    def _knowledge(self, notes: Notes) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        described = self.value("description") or self.value("name")
        if isinstance(described, str):
            fields["description"] = described
        filters = self.value("filters")
        at = f"{self.at}.filters"
        if isinstance(filters, Mapping):
            given = filters.get("setParams")
            given = given if isinstance(given, Mapping) else {}
            if sampling := {key: given[key] for key in _SAMPLING if key in given}:
                fields["defaults"] = sampling
                why = f"{', '.join(sampling)}: a default here, which callers may change"
                notes.leave(f"{at}.setParams", why)
            notes.leave_rest(given, at=f"{at}.setParams", known=frozenset(_SAMPLING), why={})
            notes.leave_rest(filters, at=at, known=frozenset({"setParams"}), why={})
        return fields


def _vllm_model(words: list[str]) -> str | None:
    """What `vllm serve MODEL` serves, or the module of its server."""
    for at, word in enumerate(words):
        if word == "serve" and at > 0 and words[at - 1].rpartition("/")[2] == "vllm":
            named = words[at + 1] if at + 1 < len(words) else "-"
            return named if not named.startswith("-") else _option(words, "model")
        if word == "vllm.entrypoints.openai.api_server":
            return _option(words, "model")
    return None


def _option(words: list[str], name: str) -> str | None:
    value = options_of(words).get(name)
    return value if isinstance(value, str) else None


def _of_kind(value: str | bool, kind: type) -> Any:
    return int(value) if kind is int and isinstance(value, str) and value.isdigit() else value
