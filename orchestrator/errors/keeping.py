"""What is kept outside of the process and cannot be had now."""

from __future__ import annotations

from orchestrator.errors.base import OrchestratorError


class StoreError(OrchestratorError):
    """The store did not answer."""

    code = "store_unavailable"
    status = 503
    retryable = True


class StorageError(OrchestratorError):
    """Files of batches cannot be read or written now."""

    code = "storage_unavailable"
    status = 503
    retryable = True


class NotStoredError(StorageError):
    """The storage answers, and has no such object."""

    code = "not_stored"
    status = 404
    retryable = False


class StorageFullError(StorageError):
    """There is no room for a file; nothing of it was kept."""

    code = "storage_full"
    status = 507
    retryable = False
