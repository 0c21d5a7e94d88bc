"""The HTTP application: every part passed in, nothing built on import."""

from __future__ import annotations

from fastapi import FastAPI

import orchestrator
from orchestrator.api import (
    admin,
    admin_audit,
    admin_keys,
    admin_placement,
    admin_registry,
    admin_residency,
    admin_restart,
    admin_usage,
    batch_progress,
    chat,
    completions,
    console,
    docs,
    embeddings,
    feedback,
    files,
    health,
    http_errors,
    models,
    responses,
    route,
)
from orchestrator.api import (
    batches as batch_family,
)
from orchestrator.api.accounts import Accounts
from orchestrator.api.audited import Audited
from orchestrator.api.gate import Gate
from orchestrator.api.once import Once
from orchestrator.api.wiring import Wiring


def create_app(wiring: Wiring) -> FastAPI:
    """Build the endpoint over its ports."""
    settings = wiring.settings
    app = FastAPI(
        title="Orchestrator",
        version=orchestrator.__version__,
        openapi_url=None,
        # A redirect would send bodies and keys to whatever host the caller's headers name.
        redirect_slashes=False,
    )
    generating = (chat, completions, responses, embeddings, route)
    batching = (files, batch_family, batch_progress)
    administering = (
        admin,
        admin_registry,
        admin_residency,
        admin_placement,
        admin_restart,
        admin_keys,
        admin_audit,
        admin_usage,
    )
    for family in (*generating, *batching, feedback, models, health, *administering):
        app.include_router(family.endpoints(wiring))
    if settings.docs:
        app.include_router(docs.endpoints(app, asks_for_keys=settings.admin == "key"))
    if settings.console:
        app.include_router(console.endpoints())
    http_errors.install(app)
    app.add_middleware(Once, repeats=wiring.repeats, settings=settings)
    app.add_middleware(
        Gate,
        accounts=Accounts(wiring.records),
        keyring=wiring.keyring,
        settings=settings,
        audited=Audited(wiring.audit),
    )
    return app
