"""From the registry's entry of rules to the router."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.registry.router_rules import Conditions, Rule, RulesRouter, Target
from orchestrator.routing.versions import version_of
from routers import rules, targets
from routers.base import Router
from routers.patterns import Pattern, any_word, compiled


def rules_router(entry: RulesRouter, inner: Mapping[str, Router]) -> Router:
    """The router of an entry.

    Raises:
        RouterError: a pattern cannot be searched with.
    """
    return rules.RulesRouter(
        version=version_of(entry, inner),
        rules=[_rule(rule, number) for number, rule in enumerate(entry.rules, 1)],
        otherwise=target_of(entry.otherwise),
        routers=inner,
    )


def _rule(entry: Rule, number: int) -> rules.Rule:
    return rules.Rule(
        name=entry.name or str(number), when=_when(entry.when), target=target_of(entry)
    )


def target_of(entry: Target) -> targets.Target:
    """The target of an entry."""
    return targets.Target(expert=entry.expert, router=entry.router)


def _when(entry: Conditions) -> rules.When:
    return rules.When(
        found=tuple(_found(entry)),
        found_in_system=(compiled(entry.system_matches),) if entry.system_matches else (),
        num_chars=rules.Range(least=entry.min_chars, most=entry.max_chars),
        num_tokens=rules.Range(least=entry.min_tokens, most=entry.max_tokens),
        has_tools=entry.has_tools,
        modality=entry.modality,
    )


def _found(entry: Conditions) -> Iterator[Pattern]:
    if entry.keywords is not None:
        if entry.keywords.any:
            yield any_word(entry.keywords.any)
        yield from (any_word([word]) for word in entry.keywords.all)
    if entry.matches is not None:
        yield compiled(entry.matches)
