"""Settings of the service: the command line over the environment over these defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from orchestrator.api.bounds import Bounds
from orchestrator.api.image_settings import ImageSettings
from orchestrator.api.settings import ApiSettings
from orchestrator.batch.filesystems import local_path
from orchestrator.caching.settings import CacheSettings
from orchestrator.errors import SetupError
from orchestrator.guards.policy import policy_of
from orchestrator.service import ports

PREFIX = "ORCHESTRATOR_"
#: What other commands read: whoever exports them for those may serve from the same shell.
_OF_OTHERS = frozenset({"ORCHESTRATOR_API_KEY", "ORCHESTRATOR_URL"})


class Settings(BaseModel):
    """One service, as its operator starts it; each is also `ORCHESTRATOR_<NAME>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    registry: Path = Field(Path("experts.yaml"), description="The registry file.")
    host: str = Field("127.0.0.1", description="Address of the endpoint; others stay private.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the endpoint.")
    gateways: int = Field(2, ge=1, le=32, description="Gateway processes.")
    data_dir: Path | None = Field(
        None,
        description=(
            "Logs and, without a store URL, the data of the service's own Redis; `data/<port>` by "
            "default, so that two services do not share one."
        ),
    )
    store_url: str | None = Field(
        None,
        repr=False,
        description="Redis to use, `redis://...`; without one the service starts its own.",
    )
    start_timeout_s: float = Field(600.0, gt=0, description="Longest start, seconds.")
    stop_timeout_s: float = Field(
        12.0, gt=0, le=600, description="Longest orderly stop, seconds; then the rest is killed."
    )
    drain_s: float = Field(
        5.0, ge=0, le=60, description="Seconds that requests in flight may take to end at a stop."
    )

    log_prompts: Literal["off", "redacted", "full"] = Field(
        "off",
        description="Whether the words of requests are logged: `off`, `redacted`, or `full`.",
    )
    log_prompts_max_chars: int = Field(
        4096, ge=1, le=1024 * 1024, description="Most of one request that is logged, characters."
    )
    storage_url: str | None = Field(
        None,
        repr=False,
        description=(
            "Where files and batches lie: a folder, or a URL such as `s3://bucket/folder`; "
            "`batches` in the data folder by default."
        ),
    )
    max_file_bytes: int = Field(
        200 * 1024 * 1024, ge=1, description="Longest file of `POST /v1/files`, bytes."
    )
    max_in_flight: int = Field(
        4096, ge=1, description="Requests that one gateway answers at a time; more get 503."
    )
    console: bool = Field(True, description="Serve /console, a page for people.")
    max_batch_lines: int = Field(50_000, ge=1, description="Most lines of one batch.")
    max_body_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="Longest body of any other request, bytes."
    )
    max_output_tokens: int | None = Field(
        None, ge=1, description="Longest answer that a request may ask for; no bound by default."
    )
    max_choices: int = Field(128, ge=1, description="Most answers of one request, `n`.")
    image_urls: Literal["fetch", "pass", "refuse"] = Field(
        "fetch",
        description=(
            "Images that callers name by URL: fetched by the gateway, handed on to upstreams, or "
            "refused."
        ),
    )
    image_hosts: str = Field(
        "",
        description="Hosts and networks, by commas, of images although they are not public.",
    )

    keys: Literal["off", "required"] | None = Field(
        None,
        description=(
            "Whether callers need a key. Silent, they need none on loopback, and the service does "
            "not start on any other address."
        ),
    )
    admin_key: SecretStr | None = Field(
        None,
        repr=False,
        description="Who sends it may call /admin, and make keys; 24 letters at least.",
    )
    admin_key_file: Path | None = Field(None, description="A file with it, in its place.")
    answer_cache: Literal["off", "deterministic", "all"] = Field(
        "off",
        description=(
            "Which answers are kept and told again: none, those whose request asks for the same "
            "words each time (temperature 0 or a seed) or says so, or all."
        ),
    )
    answer_cache_shared: bool = Field(
        False, description="Callers with the same terms share kept answers; else each has its own."
    )
    answer_cache_s: float = Field(3600.0, gt=0, description="How long answers are kept, seconds.")
    answer_cache_mib: float = Field(256.0, gt=0, description="Most that kept answers take, MiB.")
    answer_likeness: float | None = Field(
        None,
        gt=0,
        le=1,
        description=(
            "Cosine from which the answer to a question that is much like another is told for it; "
            "without, only repeats are."
        ),
    )
    answer_embedding: Path | None = Field(
        None, description="Folder of a fitted router whose static embedding compares questions."
    )

    # What whoever starts a node of Ray reads from the environment by itself.
    private_ports: str = Field(
        ports.PRIVATE,
        description="Ports on loopback that processes of the service take, `LOW-HIGH`.",
    )
    # What every process of a cluster's node reads by itself: see `service.node_exporter`.
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description=(
            "On a cluster, in the environment of each node: where its processes' metrics are, 9464 "
            "by default; 0 exports nothing."
        ),
    )
    # What every process reads from the environment by itself: see `checkpoints.library`.
    models_dir: Path | None = Field(
        None,
        description="Fetched models and notes on weights; by default in the user's cache folder.",
    )
    models_budget_gib: float | None = Field(
        None, gt=0, description="Most that fetched models may take, GiB."
    )
    model_roots: str | None = Field(
        None, description="Folders that models of the registry must lie in, joined by `:`."
    )
    offline: bool = Field(False, description="Fetch no models: only what is verified serves.")
    # The same: see `guards.upstreams`.
    upstream_addresses: Literal["private", "public"] = Field(
        "private",
        description=(
            "Where upstreams of the registry may be: also in private networks and on this machine, "
            "or at public addresses alone."
        ),
    )
    upstream_hosts: str = Field(
        "", description="Hosts and networks, by commas, of upstreams wherever they are."
    )

    @field_validator("image_hosts", "upstream_hosts")
    @classmethod
    def _is_list_of_hosts(cls, value: str) -> str:
        policy_of((), value)
        return value

    @field_validator("private_ports")
    @classmethod
    def _is_range_of_ports(cls, value: str) -> str:
        ports.span(value)
        return value

    @property
    def folder(self) -> Path:
        """Where logs and data go, absolute."""
        return (self.data_dir or Path("data") / str(self.port)).resolve()

    @property
    def cache(self) -> CacheSettings:
        """Which answers are told again."""
        embedding = self.answer_embedding
        return CacheSettings(
            mode=self.answer_cache,
            is_shared=self.answer_cache_shared,
            keep_s=self.answer_cache_s,
            max_bytes=int(self.answer_cache_mib * 1024 * 1024),
            likeness=self.answer_likeness,
            embedding=None if embedding is None else str(embedding.absolute()),
        )

    @property
    def limits(self) -> ApiSettings:
        """What callers may send."""
        return ApiSettings(
            max_body_bytes=self.max_body_bytes,
            max_file_bytes=self.max_file_bytes,
            max_in_flight=self.max_in_flight,
            console=self.console,
            log_prompts=self.log_prompts,
            log_prompts_max_chars=self.log_prompts_max_chars,
            bounds=Bounds(max_choices=self.max_choices, max_output_tokens=self.max_output_tokens),
            images=ImageSettings(urls=self.image_urls, hosts=self.image_hosts),
        )

    @property
    def storage(self) -> str:
        """Where files and batches lie: a URL, or an absolute path."""
        given = self.storage_url or str(self.folder / "batches")
        folder = local_path(given)
        return given if folder is None else str(folder)


def read(environment: Mapping[str, str], **given: Any) -> Settings:
    """Settings from `given` (`None` is not given), else from `environment`, else the defaults.

    Raises:
        SetupError: a value is not allowed, or a variable of the prefix is unknown.
    """
    named = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _OF_OTHERS
    }
    chosen = {**named, **{name: value for name, value in given.items() if value is not None}}
    try:
        return Settings.model_validate(chosen)
    except ValidationError as exc:
        raise SetupError("; ".join(_sentence(dict(fault)) for fault in exc.errors())) from exc


def _sentence(fault: dict[str, Any]) -> str:
    name = str(fault["loc"][0])
    if name == "admin_key":
        return f"setting {name!r} is no text"
    if fault["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields))
        return f"no setting is called {name!r} ({PREFIX}{name.upper()}); known: {known}"
    if Settings.model_fields[name].repr:
        return f"setting {name!r} is {fault['input']!r}: {fault['msg'].lower()}"
    return f"setting {name!r} is not what it may be (not shown): {fault['msg'].lower()}"
