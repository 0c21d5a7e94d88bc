"""A task in the text of a registry: its router, and the name that callers ask for it by."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.errors import RegistryError
from orchestrator.registry.models import Registry
from orchestrator.registry.routers import TaskRouter
from orchestrator.registry.text_places import put_item
from routers.shots import Suited


def check_free(registry: Registry, name: str, *, may_replace: bool) -> None:
    """Make sure that a task may have this name.

    Raises:
        RegistryError: an expert, another router or another composition has it; or a task has it
            and is not to be replaced.
    """
    router, composition = registry.routers.get(name), registry.compositions.get(name)
    if registry.expert(name) is not None:
        raise RegistryError(f"{name!r} is an expert of the registry; name another task")
    if router is not None and not isinstance(router, TaskRouter):
        raise RegistryError(f"{name!r} is a router of kind {router.kind!r}; name another task")
    over = [] if composition is None else [id_ for _, id_ in composition.named_routers()]
    if composition is not None and over != [name]:
        what = f"over router {over[0]!r}" if over else f"of kind {composition.kind!r}"
        raise RegistryError(f"{name!r} is a composition {what}; name another task")
    if router is not None and not may_replace:
        raise RegistryError(f"task {name!r} is in the registry already; --force replaces it")


def with_task(
    text: str, registry: Registry, name: str, experts: Sequence[Suited], *, note: str, file: str
) -> str:
    """The text of a registry with a task in it; all other lines stay as they are.

    Args:
        text: the registry.
        registry: what it says.
        name: of the task; callers name it as a model.
        experts: the first to take first.
        note: what stands behind the router's name as a comment.
        file: what errors call the text.

    Raises:
        RegistryError: a section is not written as one entry below another.
    """
    ranked = ", ".join(f"{one.expert}: {one.skill:.3f}" for one in experts)
    router = f"{name}:  # {note}\n  kind: task\n  experts: {{{ranked}}}\n"
    changed = put_item(text, section="routers", name=name, item=router, file=file)
    if name in registry.compositions:
        return changed
    called = f"{name}: {{kind: route, router: {name}}}\n"
    return put_item(changed, section="compositions", name=name, item=called, file=file)
