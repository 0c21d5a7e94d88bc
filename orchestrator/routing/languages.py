"""From the registry's entry of languages to the router."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.registry.router_languages import LanguageRouter
from orchestrator.routing.rules import target_of
from orchestrator.routing.versions import version_of
from routers.base import Router
from routers.detection import Detector
from routers.targets import Target


def installed_detector() -> Detector:
    """What tells languages; takes half a second and 74 MiB.

    Raises:
        RouterError: py3langid is not installed.
    """
    from routers.detection import LangidDetector

    return LangidDetector.installed()


def language_router(
    entry: LanguageRouter, inner: Mapping[str, Router], *, detector: Callable[[], Detector]
) -> Router:
    """The router of an entry.

    Raises:
        RouterError: there is no detector.
    """
    from routers import language
    from routers.languages import FAMILIES

    on = {code: Target(router=name) for code, name in entry.routers.items()}
    experts = {code: Target(expert=name) for code, name in entry.experts.items()}
    families = {name: Target(expert=expert) for name, expert in entry.families.items()}
    return language.LanguageRouter(
        version=version_of(entry, inner),
        detector=detector(),
        languages=experts | {code: one for code, one in on.items() if code not in FAMILIES},
        families=families | {name: one for name, one in on.items() if name in FAMILIES},
        otherwise=target_of(entry.otherwise),
        min_confidence=entry.min_confidence,
        routers=inner,
    )
