"""The storage that a setting names."""

from __future__ import annotations

from orchestrator.batch.filesystems import filesystem_of, local_path
from orchestrator.batch.storage import Storage
from orchestrator.batch.storage_folder import FolderStorage
from orchestrator.batch.storage_fsspec import FsspecStorage


def open_storage(url: str) -> Storage:
    """A folder of this machine by its path, or any storage by its URL.

    Nothing is written yet.

    Raises:
        MissingExtraError: a package is not installed; names it.
        SetupError: the URL cannot be opened.
    """
    folder = local_path(url)
    return FolderStorage(folder) if folder is not None else FsspecStorage(*filesystem_of(url))
