"""What an operator can set about images that callers name by URL."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from orchestrator.guards.policy import AddressPolicy, policy_of


class ImageSettings(BaseModel):
    """How images at URLs come to experts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: Literal["fetch", "pass", "refuse"] = Field(
        "fetch",
        description=(
            "`fetch` has the gateway fetch them and hands experts the bytes, so that no upstream "
            "follows a caller's URL; `pass` hands URLs on, for upstreams that stand elsewhere and "
            "fetch by themselves; `refuse` takes data URLs alone."
        ),
    )
    hosts: str = Field(
        "",
        description=(
            "Hosts, addresses and networks, by commas, from which images may come although they "
            "are not public."
        ),
    )
    max_bytes: int = Field(
        16 * 2**20, ge=1, description="Most bytes of all images at URLs of one request."
    )
    max_images: int = Field(16, ge=0, description="Most images at URLs of one request.")
    timeout_s: float = Field(10.0, gt=0, description="Longest fetch of all of them, seconds.")

    @field_validator("hosts")
    @classmethod
    def _is_read(cls, value: str) -> str:
        policy_of((), value)
        return value

    @property
    def policy(self) -> AddressPolicy:
        """From where images may come."""
        return policy_of({"public"}, self.hosts)
