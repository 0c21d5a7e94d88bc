"""A folder of plain files on a web server: no listing, so the files of a model are asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import httpx

from orchestrator.checkpoints.origin import Listing, Remote
from orchestrator.checkpoints.sources import safe
from orchestrator.checkpoints.web import read_url, require_found, translated, web_client
from orchestrator.errors import ModelError

_INDEX = "model.safetensors.index.json"
#: What models and adapters are made of, by the names that everyone gives them.
_NAMES = (
    "config.json", "generation_config.json", "model.safetensors", _INDEX,
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", "tokenizer.model", "chat_template.jinja",
    "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
    "1_Pooling/config.json", "adapter_config.json", "adapter_model.safetensors",
)  # fmt: skip
_MISSING = frozenset({403, 404, 410})


class WebFolder:
    """A model under `https://…/`.

    Args:
        url: of the folder.
        also: names of further files, such as those the registry knows hashes of.
    """

    def __init__(self, url: str, *, also: Iterable[str] = ()) -> None:
        self._url, _, self._query = url.rstrip("/").partition("?")
        self._also = tuple(also)

    def listing(self) -> Listing:
        """See `Origin.listing`; files of the usual names, and those an index names."""
        found: list[tuple[Remote, str]] = []
        with web_client() as client:
            for name in dict.fromkeys((*_NAMES, *self._also, *self._shards(client))):
                found += self._ask(client, name)
        if not found:
            raise ModelError(f"{safe(self._url)} has no file that a model has, such as config.json")
        seen = json.dumps([(file.name, file.num_bytes, tag) for file, tag in found])
        commit = hashlib.sha256(seen.encode()).hexdigest()[:40]
        return Listing(commit=commit, files=tuple(file for file, _ in found))

    @contextmanager
    def read(self, file: Remote, *, offset: int) -> Iterator[Iterator[bytes]]:
        """See `Origin.read`."""
        with web_client() as client, read_url(client, self._at(file.name), offset=offset) as read:
            yield read

    def _at(self, name: str) -> str:
        return f"{self._url.rstrip('/')}/{quote(name)}" + (f"?{self._query}" if self._query else "")

    def _ask(self, client: httpx.Client, name: str) -> Iterator[tuple[Remote, str]]:
        url = self._at(name)
        with translated(url):
            response = client.head(url)
        if response.status_code in _MISSING:
            return
        require_found(response)
        length = response.headers.get("Content-Length", "")
        tag = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
        yield Remote(name=name, num_bytes=int(length) if length.isdigit() else None), tag

    def _shards(self, client: httpx.Client) -> tuple[str, ...]:
        url = self._at(_INDEX)
        with translated(url):
            response = client.get(url)
        if response.status_code in _MISSING:
            return ()
        require_found(response)
        try:
            return tuple(sorted({str(name) for name in response.json()["weight_map"].values()}))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ModelError(f"{safe(url)} is no index of safetensors files: {exc}") from exc
