"""What an operator can set about the endpoint."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.bounds import Bounds
from orchestrator.api.image_settings import ImageSettings


class ApiSettings(BaseModel):
    """Settings of the HTTP endpoint, the same on every replica."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_body_bytes: int = Field(
        16 * 1024 * 1024, ge=1024, description="Longest request body; a longer one gets 413."
    )
    max_body_s: float = Field(
        60.0, gt=0, description="Longest time in which a request body arrives; a slower gets 408."
    )
    bounds: Bounds = Field(Bounds(), description="How much one request may ask for.")
    max_file_bytes: int = Field(
        200 * 1024 * 1024,
        ge=1,
        description="Longest file of POST /v1/files; a longer one gets 413.",
    )
    max_in_flight: int = Field(
        4096,
        ge=1,
        description="Requests that one gateway answers at a time; more get 503 at once.",
    )
    max_delay_s: float = Field(
        5.0,
        gt=0,
        description=(
            "How late one gateway may be with its own work, seconds; from there on new requests "
            "get 503 at once."
        ),
    )
    max_upload_silence_s: float = Field(
        60.0, gt=0, description="Nothing came of a file for so long, seconds: it gets 408."
    )
    max_replay_bytes: int = Field(
        1024 * 1024,
        ge=1024,
        description="Longest answer that an idempotency key keeps; a longer one is told once.",
    )
    images: ImageSettings = Field(ImageSettings(), description="Images that callers name by URL.")
    log_prompts: Literal["off", "redacted", "full"] = Field(
        "off",
        description=(
            "Whether the bodies of requests are logged: not at all, without what looks like "
            "addresses, numbers and keys, or as they are. Callers opt out by x-orchestrator-log."
        ),
    )
    log_prompts_max_chars: int = Field(
        4096, ge=1, le=1024 * 1024, description="Most of one body that is logged, characters."
    )
    docs: bool = Field(True, description="Serve /docs and /openapi.json.")
    console: bool = Field(True, description="Serve /console, a page for people.")
    admin: Literal["loopback", "key", "off"] = Field(
        "loopback",
        description=(
            "Who may call /admin/*: holders of an admin key and callers on this machine, holders "
            "of an admin key alone, or nobody. `loopback` is not for a service that listens beyond "
            "it behind a proxy on this machine that does not set X-Forwarded-For: every caller "
            "then looks local."
        ),
    )
    sends_x_request_id: bool = Field(
        True,
        description=(
            "Send `x-request-id`. False where the server around the application sends it already, "
            "as Ray Serve does: clients join two into one useless id."
        ),
    )
    metrics_dir: str | None = Field(
        default_factory=lambda: os.environ.get("PROMETHEUS_MULTIPROC_DIR"),
        description=(
            "Folder in which every process keeps its metrics, so that /metrics can add them up; "
            "none reports this process. The client library takes the folder from "
            "PROMETHEUS_MULTIPROC_DIR when it is imported, so that is the default."
        ),
    )
