"""The HTTP application: every part passed in, nothing built on import."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import FastAPI

import orchestrator
from orchestrator.access.audit import AuditLog
from orchestrator.access.keyring import Keyring, Open
from orchestrator.access.metering import Meters
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
from orchestrator.api.batch_control import BatchControl
from orchestrator.api.gate import Gate
from orchestrator.api.images import Images
from orchestrator.api.once import Once
from orchestrator.api.placement_control import PlacementControl
from orchestrator.api.readiness import Readiness
from orchestrator.api.registry_control import RegistryControl
from orchestrator.api.residency_control import ResidencyControl
from orchestrator.api.restart_control import RestartControl
from orchestrator.api.settings import ApiSettings
from orchestrator.api.wiring import Wiring
from orchestrator.batch.storage import Storage
from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.compositions.programs import Programs
from orchestrator.store.judgements import Judgements
from orchestrator.store.keys import KeyRecords
from orchestrator.store.records import Records
from orchestrator.store.repeats import Repeats
from orchestrator.store.usage import UsageStore
from orchestrator.tracing.tracing import Tracing


def create_app(
    *,
    live: Callable[[], Programs],
    records: Records,
    readiness: Callable[[], Readiness],
    settings: ApiSettings,
    registry: RegistryControl | None = None,
    residency: ResidencyControl | None = None,
    placement: PlacementControl | None = None,
    restarts: RestartControl | None = None,
    judgements: Judgements | None = None,
    batches: BatchControl | None = None,
    storage: Storage | None = None,
    tracing: Tracing | None = None,
    keyring: Keyring | None = None,
    keys: KeyRecords | None = None,
    audit: AuditLog | None = None,
    meters: Meters | None = None,
    usage: UsageStore | None = None,
    repeats: Repeats | None = None,
    answers: AnswerCache | None = None,
) -> FastAPI:
    """Build the endpoint.

    Args:
        live: the programs of the live generation; asked once a request. While there is none it
            raises an `OrchestratorError`, which callers get.
        records: takes one decision record per request.
        readiness: the state behind /readyz.
        settings: limits and switches.
        registry: who owns the registry; without, it cannot be edited while the service runs.
        residency: who sees the slots; without, nothing is told of them.
        placement: who places experts; without, nothing is told of it.
        restarts: who replaces processes; without, nobody does.
        judgements: where feedback is kept; without, none is taken.
        batches: who keeps batches and files; without, there are none.
        storage: where contents of files lie; given wherever `batches` is.
        tracing: where requests get their spans; without, nobody records any.
        keyring: knows callers by their keys; without, none is asked for.
        keys: where keys are kept, for operators; without, none can be made.
        audit: where actions of operators are noted; without, they are not.
        meters: counts what callers take; without, nothing is counted.
        usage: where is kept what was used; without, operators cannot ask for it.
        repeats: who answers which idempotency key; without, keys are left aside.
        answers: those that may be told again; without, none are kept.
    """
    wiring = Wiring(
        live=live,
        records=records,
        readiness=readiness,
        settings=settings,
        created_s=int(time.time()),
        tracing=tracing or Tracing(),
        images=Images(settings.images),
        registry=registry,
        residency=residency,
        placement=placement,
        restarts=restarts,
        judgements=judgements,
        batches=batches,
        storage=storage,
        keys=keys,
        audit=audit,
        meters=meters,
        usage=usage,
        answers=answers,
    )
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
    http_errors.install(app)
    app.add_middleware(Once, repeats=repeats, settings=settings)
    app.add_middleware(
        Gate,
        accounts=Accounts(records),
        keyring=keyring or Open(),
        settings=settings,
        audited=Audited(audit),
    )
    return app
