"""A configuration of LiteLLM's proxy as a registry.

Source: docs.litellm.ai/docs/proxy/configs: `model_list`, `router_settings`, `litellm_settings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.errors import SetupError
from orchestrator.moving import litellm_reasons as reasons
from orchestrator.moving.groups import Group, told_apart, ways
from orchestrator.moving.litellm_models import Deployment
from orchestrator.moving.litellm_names import Names, aliases_of, fallbacks_of
from orchestrator.moving.moved import Moved, Notes
from orchestrator.moving.naming import MAX_WHOLE, id_of
from orchestrator.registry.faults import shown
from orchestrator.registry.models import Defaults, Expert, Registry

_CARRIED = frozenset({"model_list", "router_settings", "litellm_settings", "general_settings"})
_FALLBACKS = frozenset({"fallbacks", "default_fallbacks"})
_SHUFFLE = "simple-shuffle"
_MAX_WEIGHT = 1e9


def from_litellm(config: Any, *, environ: Mapping[str, str]) -> Moved:
    """The registry that a proxy's configuration comes to, and what is not in it.

    Args:
        config: the file's content.
        environ: for `os.environ/NAME` where a registry must have the value itself.

    Raises:
        SetupError: it is no such configuration, or nothing in it makes an expert.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("model_list"), list):
        raise SetupError("this is no configuration of LiteLLM's proxy: it has no list `model_list`")
    notes = Notes()
    groups = _groups(config["model_list"], environ, notes)
    if not groups:
        why = "; ".join(map(str, notes.left())) or "`model_list` is empty"
        raise SetupError(f"nothing in `model_list` makes an expert: {why}")
    router, library = (_section(config, key) for key in ("router_settings", "litellm_settings"))
    names = Names.of(groups)
    led = fallbacks_of(router, library, names=names, notes=notes)
    aliases = aliases_of(router, names=names, notes=notes)
    led_groups = [replace(group, fallbacks=led.get(group.id, ())) for group in groups]
    told = told_apart(led_groups, aliases)
    found = ways(told, aliases)
    _leave_rest(config, router, library, notes)
    registry = Registry(
        experts=tuple(one for group in told for one in group.experts),
        routers=dict(found.routers),
        compositions=dict(found.compositions),
        defaults=_defaults(router, library, notes),
    )
    return Moved(registry=registry, left=notes.left())


def _section(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = config.get(key)
    return found if isinstance(found, Mapping) else {}


def _groups(entries: list[Any], environ: Mapping[str, str], notes: Notes) -> list[Group]:
    by_name: dict[str, list[Deployment]] = {}
    for one in _deployments(entries, notes):
        by_name.setdefault(one.name, []).append(one)
    groups: list[Group] = []
    for name, deployments in by_name.items():
        group = _group(name, deployments, [group.id for group in groups], environ, notes)
        if group is not None:
            groups.append(group)
    return groups


def _deployments(entries: list[Any], notes: Notes) -> Iterator[Deployment]:
    for number, entry in enumerate(entries):
        at = f"model_list[{number}]"
        found = entry if isinstance(entry, Mapping) else {}
        name, params = found.get("model_name"), found.get("litellm_params")
        if not isinstance(name, str) or not isinstance(params, Mapping):
            notes.leave(at, "it has no `model_name` or no `litellm_params`")
            continue
        notes.leave_rest(
            found, at=at, known=frozenset({"model_name", "litellm_params", "model_info"}), why={}
        )
        yield Deployment(name=name, at=at, params=params, info=_section(found, "model_info"))


def _group(
    name: str,
    deployments: list[Deployment],
    taken: list[str],
    environ: Mapping[str, str],
    notes: Notes,
) -> Group | None:
    id_ = id_of(name, taken=taken)
    experts, shares = [], []
    for number, one in enumerate(deployments, start=1):
        own = id_ if len(deployments) == 1 else f"{id_}-{number}"
        made = one.expert(own, environ=environ, notes=notes)
        if made is not None:
            experts.append(made)
            shares.append(_share(one, notes))
    if experts and id_ != name:
        notes.leave(f"{deployments[0].at}.model_name", f"{shown(name)} is no id: it is {id_!r}")
    return _named(id_, experts, shares, notes, deployments[0].at) if experts else None


def _share(one: Deployment, notes: Notes) -> float:
    weight = one.params.get("weight", 1)
    if isinstance(weight, int | float) and 0 < weight < _MAX_WEIGHT:
        return float(weight)
    notes.leave(f"{one.at}.litellm_params.weight", f"{shown(weight)} is no share: it is 1")
    return 1.0


def _named(id_: str, experts: list[Expert], shares: list[float], notes: Notes, at: str) -> Group:
    """The group; of embedders the first alone."""
    if experts[0].embeds and len(experts) > 1:
        notes.leave(f"{at}.model_name", f"of {id_!r} the first alone: vectors of two differ")
        experts, shares = experts[:1], shares[:1]
    return Group(id=id_, experts=tuple(experts), shares=tuple(shares))


def _defaults(router: Mapping[str, Any], library: Mapping[str, Any], notes: Notes) -> Defaults:
    found: dict[str, Any] = {}
    for at, section, key, name in (
        ("litellm_settings", library, "request_timeout", "timeout_s"),
        ("router_settings", router, "timeout", "timeout_s"),
        ("litellm_settings", library, "num_retries", "max_retries"),
        ("router_settings", router, "num_retries", "max_retries"),
    ):
        value = section.get(key)
        if value is None:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        least = 1e-3 if name == "timeout_s" else 0
        if not is_number or not least <= value < MAX_WHOLE:
            notes.leave(f"{at}.{key}", f"{shown(value)} is no value for it")
        else:
            found[name] = int(value) if name == "max_retries" else value
    return Defaults(**found)


def _leave_rest(
    config: Mapping[str, Any], router: Mapping[str, Any], library: Mapping[str, Any], notes: Notes
) -> None:
    strategy = router.get("routing_strategy", _SHUFFLE)
    if strategy != _SHUFFLE:
        notes.leave(
            "router_settings.routing_strategy",
            f"{shown(strategy)}: callers are shared out by weight; of the same experts in several "
            "slots the least busy answers",
        )
    known = frozenset({"routing_strategy", "timeout", "num_retries", "model_group_alias"})
    notes.leave_rest(router, at="router_settings", known=known | _FALLBACKS, why=reasons.ROUTER)
    known = frozenset({"request_timeout", "num_retries"}) | _FALLBACKS
    notes.leave_rest(library, at="litellm_settings", known=known, why=reasons.LIBRARY)
    general = _section(config, "general_settings")
    notes.leave_rest(general, at="general_settings", known=frozenset(), why=reasons.GENERAL)
    notes.leave_rest(config, at="", known=_CARRIED, why=reasons.TOP)
