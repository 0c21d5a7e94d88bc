"""The JSON Schema that editors check experts.yaml by: generated, committed, never edited."""

from __future__ import annotations

import json

from orchestrator.registry.models import Registry


def schema_text() -> str:
    """The schema as it stands in `experts.schema.json`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= Registry.model_json_schema()
    return json.dumps(schema, indent=2) + "\n"
