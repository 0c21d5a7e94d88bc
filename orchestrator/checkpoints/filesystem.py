"""Models on any filesystem that fsspec knows (`s3://`, `gs://`, `memory://`); imports it alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import fsspec
from fsspec.core import url_to_fs

from orchestrator.checkpoints.origin import CHUNK_BYTES, Listing, Remote
from orchestrator.checkpoints.sources import safe
from orchestrator.errors import MissingExtraError, ModelError, TransferError

#: What changes when a file does, by what filesystems call it.
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "created", "updated")


class FilesystemFolder:
    """A model under a URL of fsspec.

    Args:
        url: of the folder.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def listing(self) -> Listing:
        """See `Origin.listing`; every file below the folder."""
        with _translated(self._url):
            files, root = self._open()
            # Asked anew, not from a listing kept in this process.
            files.invalidate_cache()
            found: dict[str, dict[str, Any]] = files.find(root, detail=True)
        if not found:
            raise ModelError(f"{safe(self._url)} holds no files: check the URL")
        names = {path: _relative(path, root) for path in sorted(found)}
        remotes = tuple(
            Remote(name=name, num_bytes=found[path].get("size")) for path, name in names.items()
        )
        seen = [(name, found[path].get("size"), _tag(found[path])) for path, name in names.items()]
        commit = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:40]
        return Listing(commit=commit, files=remotes)

    @contextmanager
    def read(self, file: Remote, *, offset: int) -> Iterator[Iterator[bytes]]:
        """See `Origin.read`."""
        with ExitStack() as stack:
            with _translated(self._url):
                files, root = self._open()
                path = f"{root.rstrip('/')}/{file.name}"
                stream = stack.enter_context(files.open(path, "rb"))
                stream.seek(offset)
            yield self._chunks(stream)

    def _chunks(self, stream: Any) -> Iterator[bytes]:
        while True:
            # Reading alone: what whoever writes them meets is not the source's fault.
            with _translated(self._url):
                chunk: bytes = stream.read(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk

    def _open(self) -> tuple[Any, str]:
        files, root = url_to_fs(self._url)
        return files, str(root)


def _relative(path: str, root: str) -> str:
    return path.strip("/").removeprefix(root.strip("/")).strip("/")


def _tag(entry: dict[str, Any]) -> str:
    return next((str(entry[name]) for name in _TAGS if entry.get(name)), "")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError as exc:
        raise MissingExtraError(f"{safe(url)} needs a package: {exc}") from exc
    except FileNotFoundError as exc:
        raise ModelError(f"{safe(url)} is not there: {exc}") from exc
    except PermissionError as exc:
        raise ModelError(f"{safe(url)} may not be read with these credentials: {exc}") from exc
    except ValueError as exc:
        known = ", ".join(sorted(fsspec.available_protocols())[:40])
        raise ModelError(f"{safe(url)} cannot be opened: {exc}; protocols: {known}") from exc
    except Exception as exc:
        # Each filesystem brings errors of its own, of packages that need not be installed.
        raise TransferError(f"{safe(url)} stopped answering: {type(exc).__name__}: {exc}") from exc
