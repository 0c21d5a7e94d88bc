"""Files as OpenAI's clients read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from orchestrator.batch.stored_file import Purpose, StoredFile


class FileObject(BaseModel):
    """One file."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int = Field(description="Unix time, seconds.")
    expires_at: int | None = Field(description="Unix time, seconds; null of a file that stays.")
    filename: str
    purpose: Purpose
    status: Literal["processed"] = Field(
        "processed", description="A file is whole or not there; OpenAI's other states have ended."
    )
    status_details: None = None


class FileDeleted(BaseModel):
    """A file that is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class FileList(BaseModel):
    """A page of files."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


def file_object(file: StoredFile) -> FileObject:
    """A file as callers see it; whose it is stays here."""
    return FileObject(
        id=file.id,
        bytes=file.num_bytes,
        created_at=file.created_at,
        expires_at=file.expires_at,
        filename=file.filename,
        purpose=file.purpose,
    )


def file_list(files: Sequence[StoredFile], *, has_more: bool) -> FileList:
    """A page as callers see it."""
    return FileList(
        data=[file_object(file) for file in files],
        first_id=files[0].id if files else None,
        last_id=files[-1].id if files else None,
        has_more=has_more,
    )
