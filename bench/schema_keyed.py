"""Schemathesis over a service that asks for keys: whether every operation that says so does.

It asks as an operator from another machine, whom nothing but the key lets in, and each operation
that answers is asked again without the key and with a wrong one: its check `ignored_auth`.
"""

from __future__ import annotations

from secrets import token_hex

from bench.report import Outcome, Target
from bench.schema_phases import outcome_of, probed, write_instant_registry
from bench.service import start_service
from bench.setup import Setup

NAME = "schemathesis-keys"
_FAILURES = "schemathesis, keys required: failures and errors"
_REACHED = "schemathesis, keys required: operations of the document that were tested"
TARGETS = (
    Target(name=_FAILURES, sense="<=", limit=0),
    Target(name=_REACHED, sense=">=", limit=1),
)
#: The forms of requests are the other part's to vary.
MAX_EXAMPLES = 25
#: Of no machine (RFC 5737).
AWAY = "203.0.113.9"


def measure(setup: Setup) -> Outcome:
    """Start the service with keys required, and ask it all that its document has.

    Raises:
        BenchError: the service or schemathesis did not come up.
    """
    folder = setup.folder / NAME
    folder.mkdir(parents=True, exist_ok=True)
    registry = write_instant_registry(setup.registry, to=folder / "instant.yaml")
    admin = token_hex(24)
    environment = {"ORCHESTRATOR_KEYS": "required", "ORCHESTRATOR_ADMIN_KEY": admin}
    service = start_service(
        registry, gateways=setup.gateways, folder=folder, environment=environment
    )
    try:
        found = probed(service.url, folder=folder, max_examples=MAX_EXAMPLES, more=from_away(admin))
    finally:
        service.process.stop()
    return outcome_of(found, failures=_FAILURES, reached=_REACHED)


def from_away(secret: str) -> tuple[str, ...]:
    """Options that have schemathesis send a key, and say it comes from elsewhere."""
    key, away = f"Authorization: Bearer {secret}", f"X-Forwarded-For: {AWAY}"
    return ("--header", key, "--header", away)
