"""Models of Hugging Face's hub; the only file that imports its client.

The client tells what a revision holds. The bytes come by our own reader: the client fetches each
file anew when a process before was killed (since 2.x), and models are tens of GiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from orchestrator.checkpoints.origin import Listing, Remote
from orchestrator.checkpoints.web import read_url, web_client
from orchestrator.errors import ModelError, TransferError

#: Of the HTTP client that Hugging Face's is built on, which changes between its versions.
_CLIENT_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]


class HubOrigin:
    """One revision of one model of a hub.

    Args:
        hub_id: `organisation/name`.
        revision: commit, tag or branch; `None` for the hub's default.
        hub_url: root of the hub; `None` for Hugging Face's.
    """

    def __init__(self, hub_id: str, revision: str | None, *, hub_url: str | None = None) -> None:
        self._hub_id = hub_id
        self._revision = revision
        self._hub_url = hub_url
        self._commit: str | None = None

    def listing(self) -> Listing:
        """See `Origin.listing`; hashes are those of its large file storage."""
        with self._translated():
            found = HfApi(endpoint=self._hub_url).model_info(
                self._hub_id, revision=self._revision, files_metadata=True, timeout=30.0
            )
        files = tuple(
            Remote(name=one.rfilename, num_bytes=one.size, sha256=_sha256(one))
            for one in found.siblings or ()
        )
        if found.sha is None:
            raise ModelError(f"{self._named} has no commit on the hub; it is empty")
        self._commit = found.sha
        return Listing(commit=found.sha, files=files)

    @contextmanager
    def read(self, file: Remote, *, offset: int) -> Iterator[Iterator[bytes]]:
        """See `Origin.read`; the commit of the last listing."""
        url = hf_hub_url(self._hub_id, file.name, revision=self._commit, endpoint=self._hub_url)
        with web_client(build_hf_headers()) as client, read_url(client, url, offset=offset) as read:
            yield read

    @property
    def _named(self) -> str:
        return f"model {self._hub_id!r}" + (f" at {self._revision!r}" if self._revision else "")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except GatedRepoError as exc:
            raise ModelError(
                f"{self._named} is gated: accept its terms on the hub, then set HF_TOKEN to a key "
                "of that account"
            ) from exc
        except RepositoryNotFoundError as exc:
            raise ModelError(
                f"{self._named} is not on the hub, or is private: check the id (org/name), or set "
                "HF_TOKEN to a key that may read it"
            ) from exc
        except RevisionNotFoundError as exc:
            raise ModelError(
                f"model {self._hub_id!r} has no revision {self._revision!r}: give a commit, tag or "
                "branch that it has"
            ) from exc
        except HFValidationError as exc:
            raise ModelError(f"{self._named} is no id of the hub: {exc}") from exc
        except OfflineModeIsEnabled as exc:
            raise ModelError(f"{self._named} cannot be asked for: HF_HUB_OFFLINE is set") from exc
        except _CLIENT_ERROR as exc:
            raise TransferError(f"the hub does not tell of {self._named}: {exc}") from exc


def _sha256(file: RepoSibling) -> str | None:
    return file.lfs.sha256 if file.lfs is not None else None
