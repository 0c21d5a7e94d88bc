"""`/v1/files`: contents go between caller and storage here; the rest is of who keeps batches."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from orchestrator.api.batch_control import BatchControl
from orchestrator.api.body import stream_body
from orchestrator.api.byte_range import OutsideError, byte_range
from orchestrator.api.contents_reply import ContentsReply
from orchestrator.api.direct_route import DirectRoute
from orchestrator.api.envelope import envelope
from orchestrator.api.exchange import exchange_of
from orchestrator.api.file_reply import (
    FileDeleted,
    FileList,
    FileObject,
    file_list,
    file_object,
)
from orchestrator.api.multipart import FormReader
from orchestrator.api.openapi import described
from orchestrator.api.owner import owner_of
from orchestrator.api.replies import JsonReply
from orchestrator.api.settings import ApiSettings
from orchestrator.api.upload_form import (
    ANCHOR,
    FILE,
    MAX_KEPT_S,
    MIN_KEPT_S,
    PURPOSE,
    SECONDS,
    Uploaded,
    UploadForm,
)
from orchestrator.api.wiring import Wiring
from orchestrator.batch.asked import Page
from orchestrator.batch.files import contents_of
from orchestrator.batch.ids import new_file_id
from orchestrator.batch.storage import Storage
from orchestrator.batch.stored_file import Purpose, StoredFile
from orchestrator.batch.uploads import Upload
from orchestrator.errors import InvalidRequestError, KeyReusedError, StorageFullError

#: Of the form around a file: boundaries, heads and the other parts.
_FORM_BYTES = 64 * 1024
_MAX_LISTED = 10_000
#: A parameter of the path, where FastAPI does not see it.
_FILE_ID = {"name": "file_id", "in": "path", "required": True, "schema": {"type": "string"}}


def endpoints(wiring: Wiring) -> APIRouter:
    """The endpoints of files, where somebody keeps them."""
    router = APIRouter()
    if wiring.batches is not None and wiring.storage is not None:
        router.include_router(_contents(wiring.batches, wiring.storage, wiring.settings))
        router.include_router(_facts(wiring.batches))
    return router


def _contents(control: BatchControl, storage: Storage, settings: ApiSettings) -> APIRouter:
    router = APIRouter(prefix="/v1/files", route_class=DirectRoute, tags=["files"])

    @router.post(
        "", summary="Upload a file", responses=described(FileObject), openapi_extra=_form()
    )
    async def upload(request: Request) -> Response:
        """Take a file of lines for a batch; it is stored when the answer comes."""
        file_id, exchange = new_file_id(), exchange_of(request)
        async with Upload(
            storage,
            file_id,
            max_bytes=settings.max_file_bytes,
            is_digested=bool(exchange.once),
        ) as contents:
            asked = await _received(request, contents, settings)
            if contents.num_bytes == 0:
                raise InvalidRequestError("the file is empty; send at least one line", param=FILE)
            await contents.finish()
        facts = _stored_file(file_id, asked, contents.num_bytes, owner=owner_of(request))
        file = facts.model_copy(update={"once": exchange.once, "sha256": contents.sha256})
        try:
            kept = await control.register(file)
        except (StorageFullError, KeyReusedError):
            # Of any other failure nobody knows whether it is registered: swept if it is not.
            await storage.delete(contents_of(file_id))
            raise
        if kept.id != file_id:
            exchange.is_replayed = True
            await storage.delete(contents_of(file_id))
        return JsonReply(file_object(kept).model_dump_json().encode())

    @router.get(
        "/{file_id}/content",
        summary="Read a file",
        responses={200: {"content": {"application/octet-stream": {}}}, **described()},
        openapi_extra={"parameters": [_FILE_ID]},
    )
    async def content(request: Request) -> Response:
        """All of a file as it was uploaded or written, or a range of it."""
        file = await control.file(request.path_params["file_id"], owner=owner_of(request))
        try:
            asked = byte_range(request.headers.get("range"), num_bytes=file.num_bytes)
        except OutsideError:
            return _outside(file)
        return ContentsReply(storage, file, asked=asked)

    return router


def _facts(control: BatchControl) -> APIRouter:
    router = APIRouter(prefix="/v1/files", tags=["files"])

    @router.get("", summary="List files", responses=described())
    async def listed(
        request: Request,
        after: Annotated[str | None, Query(max_length=128)] = None,
        limit: Annotated[int, Query(ge=1, le=_MAX_LISTED)] = _MAX_LISTED,
        order: Literal["asc", "desc"] = "desc",
        purpose: Purpose | None = None,
    ) -> FileList:
        """The files that are kept, newest first."""
        page = Page(limit=limit, after=after, is_ascending=order == "asc")
        found, has_more = await control.files(page, owner=owner_of(request), purpose=purpose)
        return file_list(found, has_more=has_more)

    @router.get("/{file_id}", summary="See a file", responses=described())
    async def seen(request: Request, file_id: str) -> FileObject:
        """What is known of a file."""
        return file_object(await control.file(file_id, owner=owner_of(request)))

    @router.delete("/{file_id}", summary="Delete a file", responses=described())
    async def delete(request: Request, file_id: str) -> FileDeleted:
        """Remove a file and its contents; not while a batch needs it."""
        await control.delete_file(file_id, owner=owner_of(request))
        return FileDeleted(id=file_id)

    return router


async def _received(request: Request, contents: Upload, settings: ApiSettings) -> Uploaded:
    """Read the form to its end, its file into the storage."""
    reader, form = FormReader(request.headers.get("content-type", "")), UploadForm()
    body = stream_body(
        request,
        exchange_of(request),
        max_bytes=settings.max_file_bytes + _FORM_BYTES,
        max_silence_s=settings.max_upload_silence_s,
    )
    async for chunk in body:
        for event in reader.feed(chunk):
            piece = form.take(event)
            if piece:
                await contents.write(piece)
    reader.end()
    return form.end()


def _stored_file(file_id: str, asked: Uploaded, num_bytes: int, *, owner: str) -> StoredFile:
    now_s = int(time.time())
    kept_s = asked.expires_after_s
    return StoredFile(
        id=file_id,
        filename=asked.filename,
        purpose="batch",
        num_bytes=num_bytes,
        created_at=now_s,
        expires_at=None if kept_s is None else now_s + kept_s,
        owner=owner,
    )


def _outside(file: StoredFile) -> Response:
    sentence = f"file {file.id!r} has {file.num_bytes} bytes; the range asked for has none of them"
    body = envelope(sentence, status=416, code="range_not_satisfiable", param="range")
    headers = {"content-range": f"bytes */{file.num_bytes}", "content-type": "application/json"}
    return Response(body, status_code=416, headers=headers)


def _form() -> dict[str, Any]:
    fields = {
        FILE: {"type": "string", "format": "binary"},
        PURPOSE: {"type": "string", "enum": ["batch"]},
        ANCHOR: {"type": "string", "enum": ["created_at"]},
        SECONDS: {"type": "integer", "minimum": MIN_KEPT_S, "maximum": MAX_KEPT_S},
    }
    schema = {
        "type": "object",
        "properties": fields,
        "required": [FILE, PURPOSE],
        "dependentRequired": {ANCHOR: [SECONDS], SECONDS: [ANCHOR]},
        "additionalProperties": False,
    }
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
