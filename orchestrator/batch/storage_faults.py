"""What storages meet, as errors of our tree."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.errors import NotStoredError, OrchestratorError, StorageError, StorageFullError

#: The disk, the quota, or the largest file that this process may write.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Errors of a block that touches the object at `path`.

    Raises:
        NotStoredError: it is not there.
        StorageFullError: there is no room for it.
        StorageError: anything else.
    """
    try:
        yield
    except OrchestratorError:
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as exc:
        raise NotStoredError(f"{path!r} is not in the storage") from exc
    except PermissionError as exc:
        raise StorageError(
            f"{path!r} may not be read or written by this process: {exc}; give it the right to, or "
            "set another storage_url"
        ) from exc
    except OSError as exc:
        raise _of_system(exc, path) from exc
    except Exception as exc:
        # Each filesystem brings errors of its own, of packages that need not be installed.
        raise StorageError(
            f"the storage does not answer for {path!r}: {type(exc).__name__}: {exc}"
        ) from exc


def _of_system(error: OSError, path: str) -> StorageError:
    if error.errno in _FULL:
        return StorageFullError(
            f"no room for {path!r}: {error.strerror}; delete files of /v1/files, or free the disk"
        )
    return StorageError(f"the storage does not answer for {path!r}: {error}")
