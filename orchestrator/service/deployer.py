"""The application that others keep on a cluster: it deploys the service beside itself.

Edits change which workers the service has, and Serve takes an application that was changed so for
one that nobody configured. KubeRay would then find none of its own and deploy it anew, over and
over. So what KubeRay deploys, watches and updates is this, and the service is what this deploys.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.exceptions import RayServeException

from orchestrator.errors import SetupError
from orchestrator.registry.edit import SoundEdit
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.opening import open_with
from orchestrator.service.application import Blueprint, run_all
from orchestrator.service.replica import enter_replica
from orchestrator.service.serving import APPLICATION, control_states, running_workers
from orchestrator.store.link import RedisLink
from orchestrator.store.redis import RedisStore

_NAME = "deployer"
_POLL_S = 0.5
_BROKEN = frozenset({"UNHEALTHY", "DEPLOY_FAILED"})


def deployer_of(blueprint: Blueprint, edit: SoundEdit) -> Application:
    """The application with the service of `blueprint`.

    Args:
        blueprint: of the service.
        edit: the registry of its file.
    """
    deployment: Any = serve.deployment(
        Deployer,
        name=_NAME,
        graceful_shutdown_timeout_s=1.0,
        ray_actor_options={
            **blueprint.site.control(),
            "runtime_env": {"env_vars": dict(blueprint.site.variables)},
        },
    )
    return deployment.bind(blueprint, edit)


class Deployer:
    """Runs while the service does: it is up once callers can be answered or told why not.

    Args:
        blueprint: of the service.
        edit: the registry of its file, live where no service runs yet.

    Raises:
        SetupError: Serve refuses, or what answers and decides does not start.
        StoreError: the store does not answer.
    """

    # Serve awaits it: until then, whoever watches the application is told that it starts.
    async def __init__(  # type: ignore[misc]
        self, blueprint: Blueprint, edit: SoundEdit
    ) -> None:
        self._life = enter_replica(_NAME)
        require_other_name(serve.get_replica_context().app_name)
        if not await asyncio.to_thread(running_workers):
            await _open(blueprint.store_url, edit)
        try:
            await asyncio.to_thread(run_all, blueprint)
        except RayServeException as exc:
            raise SetupError(
                f"Serve does not take the service: {exc}; an application that deploys it has no "
                "route of its own: `route_prefix: null`"
            ) from exc
        await _until_up()
        self._life.see(is_up=True)

    async def __del__(self) -> None:
        """Called by Serve; the service goes on."""
        self._life.end("Serve ended it")


def require_other_name(name: str) -> None:
    """Refuse an application that is called like the one that it deploys.

    Raises:
        SetupError: it is.
    """
    if name == APPLICATION:
        raise SetupError(
            f"the application in Serve's configuration is called {name!r}, as what it deploys is: "
            "give it another name, such as `name: deployer`"
        )


def is_up(states: dict[str, tuple[str, str]]) -> bool:
    """Whether what answers and decides runs, whatever becomes of slots.

    Args:
        states: deployment -> its state and what Serve says of it.

    Raises:
        SetupError: a part does not start; says why.
    """
    for name, (state, why) in states.items():
        if state in _BROKEN:
            raise SetupError(f"{name!r} of the service does not start: {why}")
    return bool(states) and {state for state, _ in states.values()} == {"HEALTHY"}


async def _until_up() -> None:
    while True:
        if is_up(await asyncio.to_thread(control_states)):
            return
        await asyncio.sleep(_POLL_S)


async def _open(store_url: str, edit: SoundEdit) -> None:
    """Make the file the live generation, which gateways and workers then follow."""
    store = RedisStore(RedisLink(store_url))
    try:
        await open_with(StoredGenerations(store), edit)
    finally:
        await store.close()
