"""What the endpoints are given: nothing here is looked up or built by them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.access.audit import AuditLog
from orchestrator.access.keyring import Keyring, Open
from orchestrator.access.metering import Meters
from orchestrator.api.batch_control import BatchControl
from orchestrator.api.images import Images
from orchestrator.api.placement_control import PlacementControl
from orchestrator.api.readiness import Readiness
from orchestrator.api.registry_control import RegistryControl
from orchestrator.api.residency_control import ResidencyControl
from orchestrator.api.restart_control import RestartControl
from orchestrator.api.settings import ApiSettings
from orchestrator.batch.batch_spans import BatchSpans
from orchestrator.batch.storage import Storage
from orchestrator.caching.answer_cache import AnswerCache
from orchestrator.compositions.programs import Programs
from orchestrator.engines.circuits import Circuit
from orchestrator.store.judgements import Judgements
from orchestrator.store.keys import KeyRecords
from orchestrator.store.records import Records
from orchestrator.store.repeats import Repeats
from orchestrator.store.usage import UsageStore
from orchestrator.tracing.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """The ports of the endpoint, filled by the composition root."""

    #: The programs of the live generation; asked once a request, which then keeps them. While there
    #: is none it raises an `OrchestratorError`, which callers get.
    live: Callable[[], Programs]
    records: Records
    readiness: Callable[[], Readiness]
    settings: ApiSettings
    #: Of the process that answers, among those that do.
    gateway: str = ""
    #: Circuits of engines that are not closed here.
    circuits: Callable[[], tuple[Circuit, ...]] = tuple
    #: Unix time at which this endpoint was built, seconds.
    created_s: int = field(default_factory=lambda: int(time.time()))
    #: Where requests get their spans.
    tracing: Tracing = field(default_factory=Tracing)
    #: Which spans lines of batches name.
    batch_spans: BatchSpans = field(default_factory=BatchSpans)
    #: Fetches what callers name by URL.
    images: Images = field(init=False)
    #: Knows callers by their keys.
    keyring: Keyring = field(default_factory=Open)
    #: Who answers which idempotency key; `None` where they are left aside.
    repeats: Repeats | None = None
    #: What callers take over many requests; `None` where nothing is counted.
    meters: Meters | None = None
    #: Answers that may be told again; `None` where none are kept.
    answers: AnswerCache | None = None
    #: Where is kept what was used; `None` where it is not.
    usage: UsageStore | None = None
    #: Who owns the registry; `None` where it cannot be edited while the service runs.
    registry: RegistryControl | None = None
    #: Who sees the slots; `None` where nobody does.
    residency: ResidencyControl | None = None
    #: Who places experts; `None` where nobody does.
    placement: PlacementControl | None = None
    #: Who replaces processes; `None` where nobody does.
    restarts: RestartControl | None = None
    #: Where what callers say of answers is kept; `None` where it is not.
    judgements: Judgements | None = None
    #: Who keeps batches and what is known of files; `None` where nobody does.
    batches: BatchControl | None = None
    #: Where contents of files lie; given wherever `batches` is.
    storage: Storage | None = None
    #: Where keys are kept; `None` where there are none.
    keys: KeyRecords | None = None
    #: Where actions of operators are noted; `None` where they are not.
    audit: AuditLog | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", Images(self.settings.images))
