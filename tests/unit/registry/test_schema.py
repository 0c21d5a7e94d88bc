"""The JSON Schema that editors use."""

import json
from importlib.resources import files

from orchestrator.registry.schema import schema_text


def test_the_committed_schema_is_the_models_own():
    committed = files("orchestrator.registry").joinpath("experts.schema.json").read_text()

    # Stale? `orchestrator schema > orchestrator/registry/experts.schema.json`
    assert committed == schema_text()


def test_every_key_has_a_description():
    models = json.loads(schema_text())
    entries = [models, *models["$defs"].values()]

    silent = [
        f"{entry['title']}.{key}"
        for entry in entries
        for key, field in entry["properties"].items()
        if not field.get("description")
    ]

    assert silent == []
