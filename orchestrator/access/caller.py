"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.access.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever sent a request, as far as it is known."""

    #: Of its key, `key-…`; empty where the service asks for none.
    key_id: str = ""
    #: Whose files, batches and judgements are its own: the key's id, else a digest of whatever was
    #: presented; empty where nothing was.
    owner: str = ""
    tags: frozenset[str] = frozenset()
    terms: Terms = field(default_factory=Terms)
    #: Whether it may call /admin.
    is_admin: bool = False


#: Whoever asks a service that knows no keys, with none.
ANYBODY = Caller()
#: Whoever sends the admin key of the service's settings.
ADMIN = Caller(key_id="admin", owner="admin", is_admin=True)
