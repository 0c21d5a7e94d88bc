"""A configuration of llama-swap as a registry.

Source: github.com/mostlygeek/llama-swap, `config.example.yaml`: `models`, `macros`, `groups`,
`matrix`, `peers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.errors import SetupError
from orchestrator.moving.groups import Group, told_apart, ways
from orchestrator.moving.llama_swap_macros import expanded
from orchestrator.moving.llama_swap_models import Model
from orchestrator.moving.moved import Moved, Notes, expert_of
from orchestrator.moving.naming import id_of, is_plain_url, variable_of
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import shown
from orchestrator.registry.models import Expert, Registry, Slot

_START_PORT = 5800
_CARRIED = frozenset({"models", "macros", "startPort", "peers"})
_VARIABLE = re.compile(r"\$\{env\.([A-Z][A-Z0-9_]*)\}")
_LOGS = "logs are events at one level, `docs/events.md`"
_TURNS = "experts of a slot take turns where they have no room beside each other: `slots`"
_WHY = {
    "healthCheckTimeout": "an engine that starts is waited for as long as its callers wait",
    "logLevel": _LOGS,
    "logTimeFormat": _LOGS,
    "logToStdout": _LOGS,
    "metricsMaxInMemory": "metrics are Prometheus': `docs/operations.md`",
    "captureBuffer": "records say what was decided, without words",
    "sendLoadingState": "streams say where they stand by themselves",
    "includeAliasesInList": "every name is listed",
    "globalTTL": "an engine stays until another expert is wanted: `orchestrator unload` ends one",
    "apiKeys": "keys are made by the service: `orchestrator keys create`",
    "groups": _TURNS,
    "matrix": _TURNS,
    "hooks": "`orchestrator load` and `orchestrator pin` make experts resident",
}
_PEER = frozenset({"proxy", "models", "apiKey"})


def from_llama_swap(config: Any, *, environ: Mapping[str, str], memory_gib: float) -> Moved:
    """The registry that a configuration of llama-swap comes to, and what is not in it.

    Args:
        config: the file's content.
        environ: for `${env.NAME}`.
        memory_gib: of the slot that vLLM's models get.

    Raises:
        SetupError: it is no such configuration, or nothing in it makes an expert.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("models"), Mapping):
        raise SetupError("this is no configuration of llama-swap: it has no mapping `models`")
    notes = Notes()
    macros = {f"env.{name}": value for name, value in environ.items()} | _macros(config)
    models = list(_models(config, macros))
    groups: list[Group] = []
    aliases: dict[str, str] = {}
    for model in models:
        _add(model, groups, aliases, notes)
    groups += _peers(config.get("peers"), [group.id for group in groups], notes)
    if not groups:
        why = "; ".join(map(str, notes.left())) or "`models` is empty"
        raise SetupError(f"nothing in `models` makes an expert: {why}")
    told = told_apart(groups, aliases)
    notes.leave_rest(config, at="", known=_CARRIED, why=_WHY)
    found = ways(told, aliases)
    experts = tuple(one for group in told for one in group.experts)
    registry = Registry(
        experts=experts,
        routers=dict(found.routers),
        compositions=dict(found.compositions),
        slots=_slots(experts, memory_gib),
    )
    return Moved(registry=registry, left=notes.left())


def _macros(found: Mapping[str, Any]) -> dict[str, Any]:
    given = found.get("macros")
    return {str(key): one for key, one in given.items()} if isinstance(given, Mapping) else {}


def _models(config: Mapping[str, Any], macros: Mapping[str, Any]) -> Iterator[Model]:
    """Models, each with the port that llama-swap would give it: by the order of their names."""
    first = config.get("startPort")
    port = first if isinstance(first, int) else _START_PORT
    ports: dict[str, int] = {}
    for name in sorted(map(str, config["models"])):
        found = config["models"].get(name)
        own = {**macros, **_macros(found)} if isinstance(found, Mapping) else macros
        used = expanded([found], {**own, "PORT": "${PORT}"}) if found else []
        if "${PORT}" in str(used):
            ports[name] = port
            port += 1
    for name, found in config["models"].items():
        fields = found if isinstance(found, Mapping) else {}
        own = {"PORT": ports.get(str(name), port), "MODEL_ID": str(name)}
        yield Model(name=str(name), found=fields, macros={**macros, **_macros(fields), **own})


def _add(model: Model, groups: list[Group], aliases: dict[str, str], notes: Notes) -> None:
    """Add what a model is to the groups, and its other names to the aliases."""
    taken = (*(group.id for group in groups), *aliases)
    id_ = id_of(model.name, taken=taken)
    expert = model.expert(id_, notes)
    if expert is None:
        return
    if id_ != model.name:
        notes.leave(f"{model.at} (its name)", f"{shown(model.name)} is no id: it is {id_!r}")
    groups.append(Group(id=id_, experts=(expert,)))
    given = model.value("aliases")
    for alias in given if isinstance(given, list) else ():
        name = alias.get("id") if isinstance(alias, Mapping) else alias
        place = f"{model.at}.aliases.{name}"
        if not isinstance(name, str) or expert.embeds:
            notes.leave(place, "another name is a composition, which answers with text alone")
            continue
        known = id_of(name, taken=(*taken, id_, *aliases))
        if known != name:
            notes.leave(place, f"{shown(name)} is no id, or is taken: it is {known!r}")
        aliases[known] = id_


def _peers(given: Any, taken: list[str], notes: Notes) -> list[Group]:
    """Models of other llama-swaps and providers."""
    groups: list[Group] = []
    for peer, found in given.items() if isinstance(given, Mapping) else ():
        fields = found if isinstance(found, Mapping) else {}
        root = fields.get("proxy")
        at = f"peers.{peer}"
        if not isinstance(root, str) or not is_plain_url(root):
            notes.leave(at, "its `proxy` is no URL of scheme, host and path alone")
            continue
        key = _key(fields.get("apiKey"), f"{at}.apiKey", str(peer), notes)
        named = fields.get("models")
        for name in named if isinstance(named, list) else ():
            id_ = id_of(str(name), taken=(*taken, *(group.id for group in groups)))
            engine = {"kind": "openai", "base_url": _versioned(root), "model": str(name), **key}
            expert = expert_of({"id": id_, "engine": engine}, settings={}, notes=notes)
            if expert is not None:
                groups.append(Group(id=id_, experts=(expert,)))
        notes.leave_rest(fields, at=at, known=_PEER, why={})
    return groups


def _versioned(root: str) -> str:
    plain = root.rstrip("/")
    return plain if plain.endswith("/v1") else f"{plain}/v1"


def _key(given: Any, at: str, peer: str, notes: Notes) -> dict[str, str]:
    if not given:
        return {}
    if isinstance(given, str) and (named := _VARIABLE.fullmatch(given)):
        return {"api_key_env": named[1]}
    variable = variable_of(peer)
    notes.leave(at, f"a registry holds no keys (not shown): put it into {variable}")
    return {"api_key_env": variable}


def _slots(experts: tuple[Expert, ...], memory_gib: float) -> tuple[Slot, ...]:
    hosted = [one.engine for one in experts if isinstance(one.engine, VllmEngine)]
    if not hosted:
        return ()
    width = max(engine.tensor_parallel for engine in hosted)
    return (Slot(name="local", memory_gib=memory_gib * width, accelerators=width),)
