"""What an expert's engine needs to be told: weights for one of ours, an address for another's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from orchestrator.guards.policy import AddressPolicy, url_fault
from orchestrator.guards.upstreams import HOSTS, upstream_policy
from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import LitellmEngine, OpenAIEngine, VllmEngine
from orchestrator.registry.faults import Finding, KeyPath, nearest, shown
from orchestrator.registry.models import Expert

_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
#: Access keys in capitals and digits pass for a name; names this long have an underscore.
_MAX_PLAIN_NAME_CHARS = 16


def findings(draft: Draft, *, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Everything wrong with where experts get their tokens from."""
    policy = upstream_policy(environ)
    for at, expert in draft.experts.items():
        path: KeyPath = ("experts", at)
        yield from _model_key(expert, path)
        if isinstance(expert.engine, LitellmEngine):
            yield from _provider(expert.engine.model, (*path, "engine", "model"))
        if isinstance(expert.engine, OpenAIEngine | LitellmEngine):
            if expert.engine.base_url is not None:
                yield from base_url(
                    expert.engine.base_url, (*path, "engine", "base_url"), policy=policy
                )
            key_path = (*path, "engine", "api_key_env")
            yield from api_key_env(expert.engine.api_key_env, key_path, environ=environ)


def _model_key(expert: Expert, path: KeyPath) -> Iterator[Finding]:
    if expert.is_adapter:
        return  # `adapters` says what such an expert needs
    is_hosted = isinstance(expert.engine, VllmEngine)
    if is_hosted and expert.model is None:
        reason = f"the key 'model' is missing: expert {expert.id!r} runs on vLLM and needs weights"
        yield Finding(path=(*path, "model"), reason=reason)
    if not is_hosted and expert.model is not None:
        reason = (
            f"would be ignored: expert {expert.id!r} runs on engine {expert.engine.kind!r}, which "
            "has no weights here; remove the key, or name an upstream's model in engine.model"
        )
        yield Finding(path=(*path, "model"), value=shown(expert.model), reason=reason)


def _provider(model: str, path: KeyPath) -> Iterator[Finding]:
    provider, slash, name = model.partition("/")
    if not (provider and slash and name):
        reason = "names no provider; write 'provider/model', such as 'anthropic/claude-haiku-4-5'"
        yield Finding(path=path, value=shown(model), reason=reason)


def base_url(url: str, path: KeyPath, *, policy: AddressPolicy) -> Iterator[Finding]:
    """What is wrong with the root of an upstream; credentials in it are never repeated."""
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        yield Finding(path=path, value=shown(url), reason="is not a URL")
        return
    if "@" in parts.netloc or parts.query or parts.fragment:
        reason = (
            "the URL holds credentials, a query or a fragment (not shown); give scheme, host and "
            "path only, and the key by api_key_env"
        )
        yield Finding(path=path, reason=reason)
    elif not is_complete or re.search(r"\s", url):
        yield Finding(
            path=path, value=shown(url), reason="is not an http:// or https:// URL with a host"
        )
    elif (fault := url_fault(url, policy)) is not None:
        reason = f"must not be asked: {fault}; give another host, or name this one in {HOSTS}"
        yield Finding(path=path, value=shown(url), reason=reason)


def api_key_env(
    name: str | None, path: KeyPath, *, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """What is wrong with the name of a key's variable; the text itself is never repeated."""
    if name is None:
        return
    if not _ENV_NAME.fullmatch(name) or _looks_like_key(name):
        reason = (
            "this is not the name of an environment variable (not shown, it may be the key "
            "itself): write a name such as UPSTREAM_API_KEY, in capitals, digits and underscores, "
            "and put the key into that variable"
        )
        yield Finding(path=path, reason=reason)
    elif not environ.get(name):
        close = nearest(name, environ)
        reason = "is not set in this environment"
        yield Finding(path=path, value=name, reason=reason, nearest=close, is_warning=True)


def _looks_like_key(name: str) -> bool:
    return len(name) > _MAX_PLAIN_NAME_CHARS and "_" not in name
