"""`/admin/keys`: who may ask this service, and for what."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import APIRouter, Depends, Request

from orchestrator.access.keys import KEY_MARK, Issued, KeyWish, edited, issued, revoked, rotated
from orchestrator.access.metering import Meters
from orchestrator.api.admin import require_admin
from orchestrator.api.body import read_body
from orchestrator.api.exchange import exchange_of
from orchestrator.api.faults import parse
from orchestrator.api.key_view import (
    KeyCreated,
    KeyDeleted,
    KeyList,
    KeyPatch,
    KeyView,
    RotateBody,
    key_view,
)
from orchestrator.api.openapi import body_of, described
from orchestrator.api.preconditions import require_no_page
from orchestrator.api.wiring import Wiring
from orchestrator.errors import ConflictError, InvalidRequestError, NotFoundError
from orchestrator.store.keys import KeyRecords, StoredKey

#: A thousand names of models; longer bodies are no key.
_MAX_BODY_BYTES = 262_144
#: The body of a rotation may be left out.
_OPTIONAL = {"requestBody": body_of(RotateBody)["requestBody"] | {"required": False}}
#: Tries at an edit that others keep winning.
_MAX_TRIES = 5


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of keys, where keys are kept."""
    admitted = Depends(require_admin(wiring.settings))
    router = APIRouter(prefix="/admin/keys", tags=["admin"], dependencies=[admitted])
    if wiring.keys is not None:
        _add_questions(router, wiring, wiring.keys)
        _add_making(router, wiring, wiring.keys)
        _add_ending(router, wiring.keys, wiring.meters)
    return router


def _add_questions(router: APIRouter, wiring: Wiring, keys: KeyRecords) -> None:
    @router.get("", summary="List keys", responses=described())
    async def every() -> KeyList:
        """All keys, without their secrets; those that were revoked are told, too."""
        found, days = await keys.every(), await keys.days_used()
        found.sort(key=lambda key: (key.created_s, key.id))
        rows = [key_view(key, day=days.get(key.id), now_s=time.time()) for key in found]
        return KeyList(are_asked_for=wiring.settings.admin == "key", data=rows)

    @router.get("/{key_id}", summary="Show a key", responses=described())
    async def one(key_id: str) -> KeyView:
        """One key, without its secret."""
        key, days = await _found(keys, key_id), await keys.days_used()
        return _told(wiring, key, day=days.get(key.id))


def _add_making(router: APIRouter, wiring: Wiring, keys: KeyRecords) -> None:
    @router.post(
        "",
        summary="Make a key",
        responses=described(),
        openapi_extra=body_of(KeyWish),
        dependencies=[Depends(require_no_page)],
    )
    async def create(request: Request) -> KeyCreated:
        """Make a key; its secret is in this answer and nowhere else."""
        wish = parse(KeyWish, await _body(request))
        made = issued(wish, now_s=time.time())
        if not await keys.put(made.key):
            raise ConflictError(f"key {made.key.id!r} is there already; ask again")
        return _created(request, wiring, made)

    @router.patch(
        "/{key_id}",
        summary="Change a key",
        responses=described(),
        openapi_extra=body_of(KeyPatch),
        dependencies=[Depends(require_no_page)],
    )
    async def change(key_id: str, request: Request) -> KeyView:
        """Change what is named; what is left out stays. Every gateway keeps to it in a second."""
        asked = parse(KeyPatch, await _body(request)).model_dump(mode="json", exclude_unset=True)
        exchange_of(request).target = f"{key_id}: {', '.join(sorted(asked)) or 'nothing'}"
        return _told(wiring, await _edit(keys, key_id, lambda key: edited(key, asked)))

    @router.post(
        "/{key_id}/rotate",
        summary="Give a key another secret",
        responses=described(),
        openapi_extra=_OPTIONAL,
        dependencies=[Depends(require_no_page)],
    )
    async def rotate(key_id: str, request: Request) -> KeyCreated:
        """The key stays what it is, with its usage; the secret before ends after `grace_s`."""
        body = await _body(request)
        asked = parse(RotateBody, body) if body else RotateBody()
        made: list[Issued] = []

        def renewed(key: StoredKey) -> StoredKey:
            made.append(rotated(key, grace_s=asked.grace_s, now_s=time.time()))
            return made[-1].key

        await _edit(keys, key_id, renewed)
        return _created(request, wiring, made[-1])


def _add_ending(router: APIRouter, keys: KeyRecords, meters: Meters | None) -> None:
    @router.delete(
        "/{key_id}",
        summary="Revoke a key",
        responses=described(),
        dependencies=[Depends(require_no_page)],
    )
    async def end(key_id: str, request: Request, forget: bool = False) -> KeyView | KeyDeleted:
        """End a key for good, on every gateway within a second; answers under way go on.

        It stays listed, so that its usage keeps its name; with `forget=true` it does not, and what
        counted against its limits and budgets is forgotten. Its usage stays, under its id.
        """
        exchange_of(request).target = f"{key_id}: {'forgotten' if forget else 'revoked'}"
        key = await _edit(keys, key_id, lambda key: revoked(key, now_s=time.time()))
        if not forget:
            return key_view(key, now_s=time.time())
        if meters is not None:  # before the key is gone, so that this can be asked for again
            await meters.forget(key_id)
        await keys.remove(key_id)
        return KeyDeleted(id=key_id, are_counts_forgotten=meters is not None)


async def _body(request: Request) -> bytes:
    return await read_body(request, exchange_of(request), max_bytes=_MAX_BODY_BYTES)


async def _found(keys: KeyRecords, key_id: str) -> StoredKey:
    if key_id.startswith(KEY_MARK):
        raise InvalidRequestError(
            "that is a secret; name the key by its id, 'key-…', and rotate it: what stands in a "
            "path is in many a log",
            param="key_id",
        )
    key = await keys.find(key_id)
    if key is None:
        raise NotFoundError(
            f"there is no key {key_id[:64]!r}; GET /admin/keys lists all", param="key_id"
        )
    return key


async def _edit(
    keys: KeyRecords, key_id: str, change: Callable[[StoredKey], StoredKey]
) -> StoredKey:
    """Change a key as it is now, whoever else changes it meanwhile."""
    for _ in range(_MAX_TRIES):
        before = await _found(keys, key_id)
        after = change(before)
        if after == before or await keys.put(after):
            return after
    raise ConflictError(f"key {key_id!r} is being changed by others; look at it and ask again")


def _created(request: Request, wiring: Wiring, made: Issued) -> KeyCreated:
    exchange_of(request).target = f"{made.key.id}: {made.key.name!r}"
    told = _told(wiring, made.key)
    return KeyCreated(**told.model_dump(), secret=made.secret)


def _told(wiring: Wiring, key: StoredKey, *, day: str | None = None) -> KeyView:
    """A key, and which names in its terms mean nobody now."""
    return key_view(key, day=day, programs=wiring.live(), now_s=time.time())
