"""Keys as operators see them, and what they send to change them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from orchestrator.access.keys import KEY_MARK, MAX_GRACE_S, KeyWish
from orchestrator.access.terms import Terms
from orchestrator.compositions.programs import Programs
from orchestrator.registry.limits import selectors_of
from orchestrator.store.keys import StoredKey


class KeyPatch(KeyWish):
    """Body of `PATCH /admin/keys/{key_id}`: what is left out stays, in `terms` as well."""

    name: str = Field("", min_length=1, max_length=128, description="For people.")


class RotateBody(BaseModel):
    """Body of `POST /admin/keys/{key_id}/rotate`; it may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grace_s: float = Field(
        0.0,
        strict=True,
        ge=0,
        le=MAX_GRACE_S,
        description="Seconds for which the secret before may be used on.",
    )


class KeyView(BaseModel):
    """A key without its secret, which nobody has but its holder."""

    object: Literal["key"] = "key"
    id: str
    name: str
    recognised_by: str = Field(description="How its secret begins.")
    state: Literal["usable", "expired", "revoked"]
    is_admin: bool
    tags: list[str]
    terms: dict[str, JsonValue] = Field(description="What bounds its holder; all else is unbound.")
    created_s: float = Field(description="Unix seconds, as all times here.")
    expires_s: float | None
    revoked_s: float | None
    former_until_s: float | None = Field(description="Until when the secret before is good.")
    last_used_day: str | None = Field(description="By UTC; it may be told a second late.")
    warnings: list[str] = Field([], description="Names in its terms that mean nobody now.")


class KeyCreated(KeyView):
    """A key and its secret, which is told this once."""

    secret: str


class KeyList(BaseModel):
    """All keys, by the time they were made."""

    object: Literal["list"] = "list"
    are_asked_for: bool = Field(description="Whether the service asks callers for a key.")
    data: list[KeyView]


class KeyDeleted(BaseModel):
    """A key of which nothing is kept."""

    object: Literal["key.deleted"] = "key.deleted"
    id: str
    deleted: Literal[True] = True
    #: Whether what counted against its limits and budgets was forgotten, too. What it used stays in
    #: the usage, under its id.
    are_counts_forgotten: bool


def key_view(
    key: StoredKey, *, day: str | None = None, programs: Programs | None = None, now_s: float
) -> KeyView:
    """A key as it is told.

    Args:
        key: as it is kept.
        day: the last on which it was used.
        programs: what is live, to say which names mean nobody; without, nothing is said of them.
        now_s: Unix time, seconds.
    """
    return KeyView(
        id=key.id,
        name=key.name,
        recognised_by=f"{KEY_MARK}{key.prefix}",
        state=_state(key, now_s),
        is_admin=key.is_admin,
        tags=list(key.tags),
        terms=key.terms,
        created_s=key.created_s,
        expires_s=key.expires_s,
        revoked_s=key.revoked_s,
        former_until_s=key.former_until_s,
        last_used_day=day,
        warnings=[] if programs is None else list(meaning_nobody(key, programs)),
    )


def meaning_nobody(key: StoredKey, programs: Programs) -> Iterator[str]:
    """Names in its terms that the live registry does not have: misspelt, or meant for later."""
    terms = Terms.model_validate(key.terms)
    for name in terms.models:
        if name not in programs:
            yield f"terms.models: {name!r} is no model of the live registry"
    experts = programs.registry.experts
    meant = frozenset[str]().union(*map(selectors_of, experts))
    limits = terms.limits
    for field, selectors in (("include", limits.include), ("exclude", (limits.exclude,))):
        for one in sorted(frozenset[str]().union(*selectors) - meant):
            yield f"terms.{field}: {one!r} means no expert of the live registry"


def _state(key: StoredKey, now_s: float) -> Literal["usable", "expired", "revoked"]:
    if key.revoked_s is not None:
        return "revoked"
    return "expired" if key.expires_s is not None and key.expires_s <= now_s else "usable"
