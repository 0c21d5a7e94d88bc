"""A file of the Files endpoint: what is known of it beside its contents."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

#: `batch` is what callers upload, `batch_output` what batches write.
Purpose = Literal["batch", "batch_output"]


class StoredFile(BaseModel):
    """One file, as it is stored; contents lie beside it under its id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Of this form; a later one reads all that came before.
    version: int = 1
    #: See `batch.ids`.
    id: str
    filename: str
    purpose: Purpose
    num_bytes: int
    #: Unix times, seconds.
    created_at: int
    expires_at: int | None = None
    #: Whose it is; everybody's while there are no keys.
    owner: str = ""
    #: Names it among its owner's: uploaded again, it is the same file. Empty where it has none.
    once: str = ""
    #: Of the contents, in hex, where it has such a name.
    sha256: str = ""
