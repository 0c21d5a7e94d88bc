"""Rules, languages and shadows that cannot be meant, such as patterns that no engine reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.registry.draft import Draft
from orchestrator.registry.faults import Finding, KeyPath, nearest, shown
from orchestrator.registry.router_languages import LanguageRouter
from orchestrator.registry.router_rules import Conditions, Keywords, RulesRouter, Target
from orchestrator.registry.routers import ShadowRouter

_KINDS = {
    "experts": "language (ISO 639)",
    "families": "family of languages",
    "routers": "language or family",
}


def findings(draft: Draft) -> Iterator[Finding]:
    """Everything wrong with the rules and languages of a registry."""
    for name, router in draft.routers.items():
        if isinstance(router, RulesRouter):
            yield from _of_router(router, ("routers", name))
        elif isinstance(router, LanguageRouter):
            yield from _of_target(router.otherwise, ("routers", name, "otherwise"))
            yield from _of_languages(router, ("routers", name))
        elif isinstance(router, ShadowRouter):
            yield from _of_shadows(router, ("routers", name))


def _of_router(router: RulesRouter, path: KeyPath) -> Iterator[Finding]:
    for at, target in router.targets():
        yield from _of_target(target, (*path, *at))
    yield from _given_twice(router, path)
    for number, rule in enumerate(router.rules):
        at = (*path, "rules", number, "when")
        if rule.when == Conditions():
            reason = "has no condition, so no later rule is reached; put its target in `otherwise`"
            yield Finding(path=at, reason=reason)
        yield from _bounds(rule.when, at)
        yield from _patterns(rule.when, at)
        if rule.when.keywords is not None:
            yield from _keywords(rule.when.keywords, (*at, "keywords"))


def _of_target(target: Target, path: KeyPath) -> Iterator[Finding]:
    num_named = len(list(target.named()))
    if num_named != 1:
        found = "both" if num_named else "neither"
        yield Finding(path=path, reason=f"names {found}; give either `expert` or `router`")


def _given_twice(router: RulesRouter, path: KeyPath) -> Iterator[Finding]:
    count = Counter(rule.name for rule in router.rules if rule.name is not None)
    seen: set[str] = set()
    for number, rule in enumerate(router.rules):
        if rule.name is not None and count[rule.name] > 1 and rule.name in seen:
            yield Finding(
                path=(*path, "rules", number, "name"),
                value=shown(rule.name),
                reason="is the name of an earlier rule already; reasons could not tell them apart",
            )
        seen.add(rule.name or "")


def _bounds(when: Conditions, path: KeyPath) -> Iterator[Finding]:
    for unit in ("chars", "tokens"):
        least, most = getattr(when, f"min_{unit}"), getattr(when, f"max_{unit}")
        if least is not None and most is not None and least > most:
            yield Finding(
                path=(*path, f"min_{unit}"),
                value=shown(least),
                reason=f"is over max_{unit}, {most}: no prompt is within",
            )


def _patterns(when: Conditions, path: KeyPath) -> Iterator[Finding]:
    from routers.base import RouterError
    from routers.patterns import compiled

    for key in ("matches", "system_matches"):
        pattern = getattr(when, key)
        try:
            if pattern is not None:
                compiled(pattern)
        except RouterError as exc:
            reason = f"is no pattern that can be searched with: {exc}"
            yield Finding(path=(*path, key), value=shown(pattern), reason=reason)


def _keywords(keywords: Keywords, path: KeyPath) -> Iterator[Finding]:
    if not keywords.any and not keywords.all:
        yield Finding(path=path, reason="has no words; give `any` or `all` some")
    for key in ("any", "all"):
        for number, word in enumerate(getattr(keywords, key)):
            if not word.strip():
                reason = "is blank: it would be in every prompt"
                yield Finding(path=(*path, key, number), value=shown(word), reason=reason)


def _of_languages(router: LanguageRouter, path: KeyPath) -> Iterator[Finding]:
    from routers.languages import FAMILIES, LANGUAGES

    allowed = {"experts": LANGUAGES, "families": {*FAMILIES}, "routers": {*FAMILIES, *LANGUAGES}}
    for key, names in allowed.items():
        for name in getattr(router, key):
            if name not in names:
                yield Finding(
                    path=(*path, key, name),
                    value=shown(name),
                    reason=f"is no {_KINDS[key]} that can be told",
                    allowed=tuple(sorted(names)),
                    nearest=nearest(name, names),
                    is_about_key=True,
                )
    for name in router.routers.keys() & {*router.experts, *router.families}:
        yield Finding(
            path=(*path, "routers", name),
            value=shown(name),
            reason="has an expert already; name one or the other",
            is_about_key=True,
        )
    if not (router.experts or router.families or router.routers):
        yield Finding(path=path, reason="names no language; give `experts` or `families` some")


def _of_shadows(router: ShadowRouter, path: KeyPath) -> Iterator[Finding]:
    earlier = {router.router}
    for number, name in enumerate(router.shadows):
        if name in earlier:
            reason = "is compared already, or decides; name each router once"
            yield Finding(path=(*path, "shadows", number), value=shown(name), reason=reason)
        earlier.add(name)
