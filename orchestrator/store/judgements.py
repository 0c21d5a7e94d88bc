"""What callers say of answers: events, kept as they came, so that each can be taken back."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_LOG = logging.getLogger(__name__)

#: Kept at most; beyond it the oldest go.
MAX_JUDGEMENTS = 20_000
#: Gone when nobody has judged anything for so long, seconds.
RETENTION_S = 120 * 24 * 3600


class StoredJudgement(BaseModel):
    """What somebody said of one answer, without its words.

    A field that is added keeps the version: replicas that do not know it yet read the rest.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    #: The same answer judged again has the same id: the last judgement is kept.
    id: str
    request_id: str
    #: Who said it, as far as is known: a digest of the key, else the address.
    giver: str
    expert: str
    #: What chose the expert; `None` where the caller named it.
    router: str | None
    router_version: str | None
    #: Categories or skills that the router went by; empty where it went by none.
    labels: tuple[str, ...]
    #: 0 for wrong to 1 for right.
    score: float = Field(ge=0, le=1)
    #: Unix time, seconds.
    at_s: float


class Judgements(Protocol):
    """Where judgements are kept. Every method raises `StoreError` when the store is away."""

    async def put(self, judgement: StoredJudgement) -> None:
        """Keep a judgement, in the place of an earlier one with its id."""
        ...

    async def find(self, judgement_id: str) -> StoredJudgement | None:
        """The judgement of this id."""
        ...

    async def remove(self, judgement_id: str) -> bool:
        """Forget a judgement; whether there was one."""
        ...

    async def every(self) -> list[StoredJudgement]:
        """All that are kept, in no order."""
        ...

    async def revision(self) -> str:
        """A word that changes whenever what is kept changes."""
        ...


def readable(raws: Iterable[bytes]) -> list[StoredJudgement]:
    """Stored values as judgements; those of a newer service are left aside and told."""
    found, num_unread = [], 0
    for raw in raws:
        try:
            found.append(StoredJudgement.model_validate_json(raw))
        except ValidationError:
            num_unread += 1
    if num_unread:
        _LOG.warning("%d judgements cannot be read by this version and weigh nothing", num_unread)
    return found
