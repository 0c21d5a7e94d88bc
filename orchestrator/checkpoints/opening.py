"""The origin of a source, by its form."""

from __future__ import annotations

from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.origin import Origin
from orchestrator.checkpoints.sources import Wanted, is_hub_id
from orchestrator.errors import MissingExtraError


def open_origin(wanted: Wanted, library: Library) -> Origin:
    """Where the files of `wanted` are fetched from.

    Raises:
        MissingExtraError: a package is not installed; they are imported here and not before.
    """
    try:
        if is_hub_id(wanted.source):
            from orchestrator.checkpoints.hub import HubOrigin

            return HubOrigin(wanted.source, wanted.revision, hub_url=library.hub_url)
        if wanted.source.startswith(("http://", "https://")):
            from orchestrator.checkpoints.web_folder import WebFolder

            return WebFolder(wanted.source, also=tuple(wanted.sha256))
        from orchestrator.checkpoints.filesystem import FilesystemFolder

        return FilesystemFolder(wanted.source)
    except ModuleNotFoundError as exc:
        raise MissingExtraError(
            f"{exc.name!r} is not installed: pip install 'orchestrator[serve]'"
        ) from exc
