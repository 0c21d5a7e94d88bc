"""Builds the routers of a registry; those whose entry and files are unchanged are shared.

numpy and what else routers are made of is imported where a router is built: a registry without
routers is served without the extra that brings them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import RegistryError
from orchestrator.registry.models import Registry
from orchestrator.registry.router_skill import SkillRouter
from orchestrator.registry.routers import (
    CategoryRouter,
    RouterSpec,
    ShadowRouter,
    SplitRouter,
    TaskRouter,
)
from orchestrator.routing.answered import blend_router, neighbours_router, recall_router
from orchestrator.routing.languages import installed_detector, language_router
from orchestrator.routing.rules import rules_router
from orchestrator.routing.versions import version_of
from routers.base import Router, RouterError
from routers.shadow import Shadowing
from routers.skill_cache import SkillCache

if TYPE_CHECKING:
    from routers.feedback import Tally

#: A router as it was read: its entry; name, size and time of change of each file; its own routers;
#: its id, since what callers say is said of a router by its id.
_Read = tuple[str, tuple[tuple[str, int, int], ...], tuple["_Read", ...], str]
#: From an entry and the routers it names to the router.
_Build = Callable[[Any, Mapping[str, Router]], Router]


class Routers:
    """Loaded routers, shared by the generations that have them alike.

    Args:
        shadowing: where shadows are asked; without it nobody asks them.
    """

    def __init__(self, *, shadowing: Shadowing | None = None) -> None:
        self._held: dict[_Read, Router] = {}
        self._heard: Mapping[str, Tally] = {}
        #: Skills that models have named, for all routers that go by skills.
        self.named = SkillCache()
        self._builders: dict[str, _Build] = {
            **_BUILDERS,
            # One model for all of them, kept from the first on: they differ in their targets only.
            "language": partial(language_router, detector=cache(installed_detector)),
            "shadow": partial(_shadow, shadowing=shadowing),
            "skill": partial(_skill, named=self.named),
        }

    def load(self, specs: Mapping[str, RouterSpec]) -> dict[str, Router]:
        """Each router of a registry by its id; references are in order and without cycles.

        Raises:
            RegistryError: a router cannot be used; names it and says why.
        """
        done: dict[str, tuple[_Read, Router]] = {}
        return {name: self._router(name, specs, done)[1] for name in specs}

    def keep(self, registries: Iterable[Registry]) -> None:
        """Forget every router that none of these has."""
        entries = {_entry(spec) for one in registries for spec in one.routers.values()}
        self._held = {read: one for read, one in self._held.items() if read[0] in entries}

    def hear(self, tallies: Mapping[str, Tally]) -> None:
        """Have each router go by what callers say of it, in the place of what they said before.

        Args:
            tallies: router id -> judgements of its choices.
        """
        self._heard = tallies
        for read, router in tuple(self._held.items()):
            self._tell(read, router)

    def _tell(self, read: _Read, router: Router) -> None:
        from routers.corrected import CorrectedRouter
        from routers.feedback import Tally

        if isinstance(router, CorrectedRouter):
            router.hear(self._heard.get(read[-1], Tally()))

    def _router(
        self, name: str, specs: Mapping[str, RouterSpec], done: dict[str, tuple[_Read, Router]]
    ) -> tuple[_Read, Router]:
        if name in done:
            return done[name]
        spec = specs[name]
        inner = {id_: self._router(id_, specs, done) for _, id_ in spec.named_routers()}
        try:
            read = (_entry(spec), _stamps(spec), tuple(one for one, _ in inner.values()), name)
            router = self._held.get(read)
            if router is None:
                router = _heeding(
                    self._builders[spec.kind](spec, {id_: one for id_, (_, one) in inner.items()})
                )
                self._hold(read, router)
                self._tell(read, router)
        except (OSError, RouterError) as exc:
            raise RegistryError(f"router {name!r} cannot be used: {exc}") from exc
        done[name] = read, router
        return done[name]

    def _hold(self, read: _Read, router: Router) -> None:
        """Share it from now on; what the same entry meant before has other files or routers."""
        own = read[0], read[-1]
        others = {one: held for one, held in self._held.items() if (one[0], one[-1]) != own}
        self._held = {**others, read: router}


def quick_to_load(specs: Mapping[str, RouterSpec]) -> dict[str, RouterSpec]:
    """Those without MiniLM, their own routers included, which takes seconds and torch to load."""

    def is_quick(spec: RouterSpec) -> bool:
        own = getattr(spec, "embedder", None) != "minilm"
        return own and all(is_quick(specs[id_]) for _, id_ in spec.named_routers())

    return {name: spec for name, spec in specs.items() if is_quick(spec)}


def _entry(spec: RouterSpec) -> str:
    return spec.model_dump_json()


def _stamps(spec: RouterSpec) -> tuple[tuple[str, int, int], ...]:
    folders = [Path(folder) for _, folder in spec.folders()]
    stats = [(path, path.stat()) for folder in folders for path in sorted(folder.iterdir())]
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats)


def _heeding(router: Router) -> Router:
    """The router; one that can go by what callers say does."""
    from routers.corrected import CorrectedRouter
    from routers.feedback import Correctable

    return CorrectedRouter(router) if isinstance(router, Correctable) else router


def _skill(spec: SkillRouter, _: Mapping[str, Router], *, named: SkillCache) -> Router:
    from orchestrator.routing.skill import skill_router

    return skill_router(spec, named=named)


def _category(spec: CategoryRouter, _: Mapping[str, Router]) -> Router:
    from routers.artifacts import load_router

    return load_router(spec.artifact, embedder=spec.embedder, fallback=spec.fallback)


def _split(spec: SplitRouter, inner: Mapping[str, Router]) -> Router:
    from routers.split import SplitRouter

    return SplitRouter(routers=inner, shares=spec.shares)


def _shadow(
    spec: ShadowRouter, inner: Mapping[str, Router], *, shadowing: Shadowing | None
) -> Router:
    from routers.shadow import ShadowRouter

    decides = inner[spec.router]
    if shadowing is None:
        return decides
    shadows = {name: inner[name] for name in spec.shadows}
    return ShadowRouter(name=spec.router, router=decides, shadows=shadows, shadowing=shadowing)


def _task(spec: TaskRouter, inner: Mapping[str, Router]) -> Router:
    from routers.task import TaskRouter

    return TaskRouter(version=version_of(spec, inner), experts=spec.experts)


_BUILDERS: Mapping[str, _Build] = {
    "category": _category,
    "split": _split,
    "rules": rules_router,
    "neighbours": neighbours_router,
    "blend": blend_router,
    "recall": recall_router,
    "task": _task,
}
