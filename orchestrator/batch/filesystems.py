"""A filesystem by its URL: fsspec's, but for S3 where s3fs is not installed: pyarrow's."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.errors import MissingExtraError, SetupError

_S3 = frozenset({"s3", "s3a"})
_LOCAL = frozenset({"", "file", "local"})
#: As the AWS tools call the address of a service that is not Amazon's.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_CONNECT_TIMEOUT_S = 10
_REQUEST_TIMEOUT_S = 60


def protocol_of(url: str) -> str:
    """`s3` of `s3://bucket/folder`; empty of a path of this machine."""
    return url.partition("://")[0].lower() if "://" in url else ""


def local_path(url: str) -> Path | None:
    """The folder of this machine that a URL or path names; `None` where it is elsewhere."""
    protocol = protocol_of(url)
    if protocol not in _LOCAL:
        return None
    return Path(url[len(protocol) + 3 :] if protocol else url).expanduser().absolute()


def filesystem_of(url: str) -> tuple[Any, str]:
    """The filesystem of a URL, and the path in it.

    Credentials and endpoints come from the environment, by the names each service uses.

    Raises:
        MissingExtraError: a package is not installed; names it.
        SetupError: nobody knows the protocol, or the URL is not one of it.
    """
    if protocol_of(url) in _S3 and find_spec("s3fs") is None:
        return _s3(url)
    # Here: settings read what is local without it.
    import fsspec

    try:
        files, path = fsspec.core.url_to_fs(url)
    except ImportError as exc:
        raise MissingExtraError(f"{shown(url)} needs a package: {exc}") from exc
    except ValueError as exc:
        known = ", ".join(sorted(fsspec.available_protocols())[:40])
        raise SetupError(f"{shown(url)} cannot be opened: {exc}; protocols: {known}") from exc
    return files, str(path).rstrip("/")


def shown(url: str) -> str:
    """A URL as messages may quote it: without credentials."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        parts = parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2])
    return repr(parts._replace(query="").geturl())


def _s3(url: str) -> tuple[Any, str]:
    """S3 by pyarrow: s3fs asks for versions of fsspec and aiohttp that Ray and vLLM do not."""
    try:
        from fsspec.implementations.arrow import ArrowFSWrapper
        from pyarrow.fs import S3FileSystem
    except ImportError as exc:
        raise MissingExtraError(
            f"{shown(url)} needs pyarrow: pip install 'orchestrator[batch]' ({exc})"
        ) from exc
    path = url.partition("://")[2].strip("/")
    if not path:
        raise SetupError(f"{shown(url)} names no bucket; write s3://BUCKET or s3://BUCKET/FOLDER")
    given = {"endpoint_override": _first(_ENDPOINTS), "region": _first(_REGIONS)}
    files = S3FileSystem(
        connect_timeout=_CONNECT_TIMEOUT_S,
        request_timeout=_REQUEST_TIMEOUT_S,
        # Else what is written faster than it is sent piles up in memory.
        background_writes=False,
        **{name: value for name, value in given.items() if value},
    )
    return ArrowFSWrapper(files), path


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
