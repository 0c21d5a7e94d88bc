"""The form that all values of the service have here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """A JSON object of the service; keys that this version does not know are left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
