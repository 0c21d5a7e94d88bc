"""What a `model` of the registry may name: a folder, a hub's id, a URL, a package's folder."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestrator.errors import ModelError

PACKAGE = "package:"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]*://", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Files that an expert needs, and what is known of them beforehand."""

    #: For messages.
    expert_id: str
    #: A folder, absolute; an id of a hub; a URL.
    source: str
    #: Commit, tag or branch of a hub's id.
    revision: str | None = None
    #: What files must hash to, by name.
    sha256: Mapping[str, str] = field(default_factory=dict)
    #: Whether Python files that come with a model may be fetched and run.
    allows_code: bool = False
    #: Whether these are a LoRA adapter's files, not a model's.
    is_adapter: bool = False

    @property
    def config(self) -> str:
        """The file that says what the weights are."""
        return "adapter_config.json" if self.is_adapter else "config.json"


def is_hub_id(text: str) -> bool:
    """Whether this could be `organisation/name` of Hugging Face's hub."""
    return _HUB_ID.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """Whether this names a filesystem, as `s3://` and `https://` do."""
    return _URL.match(text) is not None


def is_remote(text: str) -> bool:
    """Whether the files are elsewhere, unless a folder has this name."""
    return is_hub_id(text) or (is_url(text) and local_path(text) is None)


def local_path(text: str) -> str | None:
    """The path that a `file://` URL means, `None` for all else."""
    parts = urlsplit(text) if text.startswith("file://") else None
    return unquote(parts.path) if parts is not None and parts.netloc in {"", "localhost"} else None


def safe(text: str) -> str:
    """A source as it may be shown: without the credentials a URL may hold."""
    if not is_url(text):
        return text
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    return f"{scheme}://{host}{slash}{path.partition('?')[0]}"


def package_folder(text: str) -> Path:
    """The folder that `package:NAME/sub/folder` means; the package is not imported.

    Raises:
        ModelError: no such package is installed, or it has no such folder.
    """
    name, _, inside = text.removeprefix(PACKAGE).partition("/")
    # Only a top-level name: looking for a submodule would import its parents.
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    found = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not found:
        raise ModelError(
            f"{text!r} names no Python package that is installed here; install the one whose "
            f"import name is {name!r}, or name a folder"
        )
    root = Path(found[0]).resolve()
    folder = (root / inside).resolve()
    if not folder.is_relative_to(root) or not folder.is_dir():
        raise ModelError(f"{text!r} names no folder of the package, which lies in {root}")
    return folder
