"""Deployments of LiteLLM's `model_list` as experts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.moving import litellm_reasons as reasons
from orchestrator.moving.moved import Notes, expert_of
from orchestrator.moving.naming import is_plain_url, variable_of
from orchestrator.registry.faults import shown
from orchestrator.registry.models import Expert

_ENVIRON = "os.environ/"
_VARIABLE = re.compile(r"os\.environ/[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
#: Providers that speak OpenAI's protocol at a root of their own.
_OPENAI = frozenset({"openai", "hosted_vllm", "vllm", "custom_openai", "llamafile", "lm_studio"})
#: How models begin that LiteLLM finds the provider of by itself.
_PROVIDERS = {
    "gpt-": "openai",
    "chatgpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "text-embedding-": "openai",
    "claude-": "anthropic",
    "command-": "cohere",
}
_MODES: dict[str, str] = {
    "chat": "generate",
    "completion": "generate",
    "responses": "generate",
    "embedding": "embed",
}
_SAMPLING = ("temperature", "top_p", "max_tokens")
_PER_MTOK = 1_000_000
_KNOWN = frozenset(
    {*_SAMPLING, "model", "api_base", "base_url", "api_key", "timeout", "weight"}
    | {"input_cost_per_token", "output_cost_per_token", "litellm_credential_name"}
)
_KNOWN_INFO = frozenset(
    {"mode", "input_cost_per_token", "output_cost_per_token", "max_input_tokens"}
    | {"supports_vision", "supports_function_calling", "description"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """An entry of `model_list`."""

    #: The name callers use.
    name: str
    #: Where it stands: `model_list[3]`.
    at: str
    params: Mapping[str, Any]
    info: Mapping[str, Any]

    def expert(self, id_: str, *, environ: Mapping[str, str], notes: Notes) -> Expert | None:
        """The expert that it is; `None`, with the reason in `notes`, where it makes none."""
        engine = self._engine(id_, environ, notes)
        if engine is None:
            return None
        fields: dict[str, Any] = {"id": id_, "engine": engine, **self._knowledge()}
        self._leave_rest(notes)
        found = expert_of(fields, settings=self._settings(), notes=notes)
        if found is None:
            notes.leave(self.at, f"{self.name!r} makes no expert without what was left out")
        return found

    def _engine(self, id_: str, environ: Mapping[str, str], notes: Notes) -> dict[str, Any] | None:
        mode = self.info.get("mode", "chat")
        task = _MODES.get(mode) if isinstance(mode, str) else None
        if task is None:
            notes.leave(f"{self.at}.model_info.mode", f"experts make no {shown(mode)}")
            return None
        named = self._named(notes)
        if named is None:
            return None
        provider, name = named
        root = self._root(environ, notes)
        if root == "":
            return None
        shared = {"task": task, "base_url": root, "api_key_env": self._key(id_, notes)}
        shared |= {
            "timeout_s": self.params.get("timeout"),
            "max_context": self.info.get("max_input_tokens"),
        }
        if provider in _OPENAI and root is not None:
            engine = {"kind": "openai", "model": name, **shared}
        else:
            engine = {"kind": "litellm", "model": f"{provider}/{name}", **shared}
        return {key: value for key, value in engine.items() if value is not None}

    def _named(self, notes: Notes) -> tuple[str, str] | None:
        """Provider and model."""
        model = self.params.get("model")
        place = f"{self.at}.litellm_params.model"
        if not isinstance(model, str) or not model:
            notes.leave(place, f"{shown(model)} names no model")
            return None
        provider, slash, name = model.partition("/")
        if not slash:
            known = (one for start, one in _PROVIDERS.items() if model.startswith(start))
            provider, name = next(known, ""), model
        if not provider or not name or "*" in model:
            why = "names no single model" if "*" in model else "names no provider: provider/model"
            notes.leave(place, f"{shown(model)} {why}")
            return None
        return provider, name

    def _root(self, environ: Mapping[str, str], notes: Notes) -> str | None:
        """Where it is asked; empty, with the reason in `notes`, where nobody knows."""
        key = "api_base" if "api_base" in self.params else "base_url"
        root = self.params.get(key)
        if not isinstance(root, str):
            return root
        place = f"{self.at}.litellm_params.{key}"
        if root.startswith(_ENVIRON):
            variable = root.removeprefix(_ENVIRON)
            root = environ.get(variable, "")
            if not root:
                notes.leave(place, f"{variable} is not set here: set it, and do this again")
        if root and not is_plain_url(root):
            notes.leave(place, "this is no URL of scheme, host and path alone (not shown)")
        return root if root and is_plain_url(root) else ""

    def _key(self, id_: str, notes: Notes) -> str | None:
        """The name of the variable that has its key."""
        key = self.params.get("api_key")
        if key is None:
            return None
        if isinstance(key, str) and _VARIABLE.fullmatch(key):
            return key.removeprefix(_ENVIRON)
        variable = variable_of(id_)
        place = f"{self.at}.litellm_params.api_key"
        notes.leave(place, f"a registry holds no keys (not shown): put it into {variable}")
        return variable

    def _knowledge(self) -> dict[str, Any]:
        """What an expert has beside its engine."""
        fields: dict[str, Any] = {}
        if prices := self._prices():
            fields["price"] = prices
        if sampling := {key: self.params[key] for key in _SAMPLING if key in self.params}:
            fields["defaults"] = sampling
        if self.info.get("supports_vision") is True:
            fields["modalities"] = ("text", "image")
        if self.info.get("supports_function_calling") is False:
            fields["lacks"] = ("tools",)
        if "description" in self.info:
            fields["description"] = self.info["description"]
        return fields

    def _prices(self) -> dict[str, Any]:
        found = {}
        for key in ("input", "output"):
            name = f"{key}_cost_per_token"
            value = self.params.get(name, self.info.get(name))
            if isinstance(value, int | float):
                found[f"{key}_usd_per_mtok"] = round(value * _PER_MTOK, 9)
        return found

    def _settings(self) -> dict[str, str]:
        """Where the values of an expert's keys stand."""
        params = f"{self.at}.litellm_params"
        places = {f"defaults.{key}": f"{params}.{key}" for key in _SAMPLING}
        places |= {"engine.timeout_s": f"{params}.timeout", "engine.model": f"{params}.model"}
        places |= {"engine.base_url": f"{params}.api_base"}
        places |= {"engine.max_context": f"{self.at}.model_info.max_input_tokens"}
        places |= {"description": f"{self.at}.model_info.description"}
        return places | {
            f"price.{key}_usd_per_mtok": f"{params}.{key}_cost_per_token"
            for key in ("input", "output")
        }

    def _leave_rest(self, notes: Notes) -> None:
        at = f"{self.at}.litellm_params"
        notes.leave_rest(self.params, at=at, known=_KNOWN, why=reasons.PARAMS)
        if "litellm_credential_name" in self.params:
            notes.leave(f"{at}.litellm_credential_name", reasons.TOP["credential_list"])
        notes.leave_rest(self.info, at=f"{self.at}.model_info", known=_KNOWN_INFO, why=reasons.INFO)
