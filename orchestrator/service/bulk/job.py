"""One bulk batch: what it was begun with, so that it goes on only with the same."""

from __future__ import annotations

from typing import Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.errors import SetupError
from orchestrator.service.bulk.folder import Folder

Format = Literal["jsonl", "parquet"]
_JOB = "job.json"
RESULTS, ERRORS = "results", "errors"


class Terms(BaseModel):
    """What decides which rows there are, who answers them and where their answers go."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Of the input's files.
    fingerprint: str
    #: Of the registry file and its routers.
    registry: str
    #: Who is asked where a parquet row does not say.
    model: str
    #: Of the files that are written.
    format: Format
    #: Bytes of a block, and of the longest line.
    block_bytes: int
    max_line_bytes: int
    #: Rows of a file of results.
    chunk_rows: int


class Job(BaseModel):
    """What is stored of a bulk batch."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    id: str
    terms: Terms
    num_blocks: int
    #: Whether every row has its answer or its error.
    is_complete: bool = False
    num_answers: int = 0
    num_errors: int = 0


#: What a person changed, when a field of the terms is another one.
_CHANGED = {
    "fingerprint": "the input has changed",
    "registry": "the registry or a router of it has changed",
    "model": "--model is another one",
    "format": "--format is another one",
    "block_bytes": "--block-mib is another one",
    "max_line_bytes": "the longest line is another one",
    "chunk_rows": "--chunk-rows is another one",
}


def opened(work: Folder, out: Folder, terms: Terms, *, num_blocks: int) -> Job:
    """The job in a work folder, begun where there is none.

    Raises:
        SetupError: another job was begun there, or the output has what no job here wrote.
        StorageError: the folder cannot be read or written.
    """
    if not work.has(_JOB):
        if out.entries(RESULTS) or out.entries(ERRORS):
            raise SetupError(
                f"{out.url!r} has results, but {work.url!r} has no job that wrote them: give "
                "another output, or the --work that they were made with"
            )
        job = Job(id=f"bulk-{uuid4().hex[:12]}", terms=terms, num_blocks=num_blocks)
        stored(work, job)
        return job
    try:
        job = Job.model_validate_json(work.read(_JOB))
    except ValidationError as exc:
        raise SetupError(
            f"{work.url}/{_JOB} is not of this version: finish it with the version that began "
            f"it, or give another output ({exc.errors(include_url=False)[0]['msg']})"
        ) from exc
    _require_same(job, terms, work)
    return job


def stored(work: Folder, job: Job) -> None:
    """Keep what a job is now.

    Raises:
        StorageError: it cannot be written.
    """
    work.write(_JOB, job.model_dump_json(indent=2).encode())


def _require_same(job: Job, terms: Terms, work: Folder) -> None:
    was, now = job.terms.model_dump(), terms.model_dump()
    changed = [_CHANGED[name] for name in now if was[name] != now[name]]
    if changed:
        raise SetupError(
            f"{work.url!r} holds a job that was begun otherwise: {'; '.join(changed)}. Go on with "
            "what it was begun with, or give another output"
        )
