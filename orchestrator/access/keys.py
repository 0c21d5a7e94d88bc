"""What becomes of keys: made, changed, renewed and ended, as values."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orchestrator.access.caller import Caller
from orchestrator.access.terms import Terms
from orchestrator.errors import ConflictError, UnauthenticatedError
from orchestrator.store.keys import StoredKey

#: Before every secret, so that scanners of repositories and logs know one.
KEY_MARK = "sk-orc-"
#: Of chance in a secret, 256 bits: its digest needs no salt.
_SECRET_BYTES = 32
_SHOWN_LETTERS = 6
#: Longest time for which a secret may be used on after its rotation, seconds.
MAX_GRACE_S = 7 * 24 * 3600.0


class KeyWish(BaseModel):
    """What a new key is to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=128, description="For people, such as its holder.")
    terms: Terms = Field(default_factory=Terms, description="What its holder may ask for.")
    tags: tuple[str, ...] = Field(
        (), max_length=32, description="By which usage is summed up over keys."
    )
    is_admin: bool = Field(False, strict=True, description="Whether it may call /admin.")
    expires_s: float | None = Field(
        None,
        strict=True,
        gt=0,
        allow_inf_nan=False,
        description="Unix time at which it ends, seconds.",
    )

    @field_validator("tags")
    @classmethod
    def _short(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        wrong = next((tag for tag in tags if not tag.strip() or len(tag) > 64), None)
        if wrong is not None:
            raise ValueError(f"tag {wrong[:64]!r} must have 1 to 64 letters")
        return tuple(dict.fromkeys(tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A key whose secret is told this once."""

    key: StoredKey
    secret: str


def issued(wish: KeyWish, *, now_s: float) -> Issued:
    """A new key."""
    secret = _new_secret()
    key = StoredKey(
        id=f"key-{secrets.token_hex(8)}",
        name=wish.name,
        digest=digest_of(secret),
        prefix=_prefix(secret),
        terms=wish.terms.model_dump(mode="json", exclude_defaults=True),
        tags=wish.tags,
        is_admin=wish.is_admin,
        created_s=now_s,
        expires_s=wish.expires_s,
    )
    return Issued(key=key, secret=secret)


def edited(key: StoredKey, changes: Mapping[str, Any]) -> StoredKey:
    """Its next edition, changed in what is named; fields of `terms` are changed one by one.

    Args:
        key: as it is kept.
        changes: field of `KeyWish` -> its value, each as `KeyWish` takes it.

    Raises:
        ConflictError: the key was revoked, or is of a newer service.
    """
    _require_unrevoked(key)
    terms = {**key.terms, **changes.get("terms", {})}
    try:
        said = Terms.model_validate(terms).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as exc:
        raise ConflictError(
            f"key {key.id!r} has terms that this version of the service cannot read; upgrade the "
            "service, or create another key"
        ) from exc
    return _next(key, **{**changes, "terms": said})


def rotated(key: StoredKey, *, grace_s: float, now_s: float) -> Issued:
    """Its next edition with another secret; the one before may be used for `grace_s` more.

    Raises:
        ConflictError: the key was revoked.
    """
    _require_unrevoked(key)
    secret = _new_secret()
    renewed = _next(
        key,
        digest=digest_of(secret),
        prefix=_prefix(secret),
        former_digest=key.digest if grace_s > 0 else None,
        former_until_s=now_s + grace_s if grace_s > 0 else None,
    )
    return Issued(key=renewed, secret=secret)


def revoked(key: StoredKey, *, now_s: float) -> StoredKey:
    """Its next edition, which nobody can use; the same where that is so already."""
    return key if key.revoked_s is not None else _next(key, revoked_s=now_s, former_digest=None)


def caller_of_key(key: StoredKey) -> Caller:
    """Who sends a key that may be used.

    Raises:
        UnauthenticatedError: its terms are of a newer service: what this one cannot keep to, it
            lets nobody pass by.
    """
    try:
        terms = Terms.model_validate(key.terms)
    except ValidationError as exc:
        fields = sorted({str(fault["loc"][0]) for fault in exc.errors() if fault["loc"]})
        raise UnauthenticatedError(
            f"key {key.id!r} has terms that this version of the service cannot read: {fields}; "
            "upgrade the service, or edit the key"
        ) from exc
    return Caller(
        key_id=key.id,
        owner=key.id,
        tags=frozenset(key.tags),
        terms=terms,
        is_admin=key.is_admin,
    )


def require_usable(key: StoredKey, *, digest: str | None = None, now_s: float) -> None:
    """Make sure that a key may be used now.

    Args:
        key: as it is kept.
        digest: of the secret that was presented; `None` where nobody presents one.
        now_s: Unix time, seconds.

    Raises:
        UnauthenticatedError: it may not.
    """
    if key.revoked_s is not None:
        raise UnauthenticatedError(f"key {key.id!r} was revoked; ask the operator for another one")
    if key.expires_s is not None and key.expires_s <= now_s:
        raise UnauthenticatedError(f"key {key.id!r} has expired; ask the operator for another one")
    if digest is not None and digest != key.digest and (key.former_until_s or 0.0) <= now_s:
        raise UnauthenticatedError(
            f"key {key.id!r} was rotated, and this secret of it has ended; use the new one"
        )


def digest_of(secret: str) -> str:
    """By which a secret is known again; it cannot be read from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _new_secret() -> str:
    return KEY_MARK + secrets.token_urlsafe(_SECRET_BYTES)


def _prefix(secret: str) -> str:
    return secret.removeprefix(KEY_MARK)[:_SHOWN_LETTERS]


def _next(key: StoredKey, **changes: Any) -> StoredKey:
    return key.model_copy(update={**changes, "edition": key.edition + 1})


def _require_unrevoked(key: StoredKey) -> None:
    if key.revoked_s is not None:
        raise ConflictError(f"key {key.id!r} was revoked and stays so; create another one")
