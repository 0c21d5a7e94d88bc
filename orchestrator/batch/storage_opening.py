"""The storage that a setting names."""

from __future__ import annotations

from orchestrator.batch.filesystems import filesystem_of, local_path, protocol_of
from orchestrator.batch.storage import Storage
from orchestrator.batch.storage_folder import FolderStorage
from orchestrator.batch.storage_fsspec import FsspecStorage

#: What has no folders, and shows an object once all of it is there.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci"})


def open_storage(url: str) -> Storage:
    """A folder of this machine by its path, or any storage by its URL.

    Nothing is written yet.

    Raises:
        MissingExtraError: a package is not installed; names it.
        SetupError: the URL cannot be opened.
    """
    folder = local_path(url)
    if folder is not None:
        return FolderStorage(folder)
    files, root = filesystem_of(url)
    return FsspecStorage(files, root, is_object_store=protocol_of(url) in _OBJECT_STORES)
