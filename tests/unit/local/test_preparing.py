"""What is wrong with a registry is said before anything starts."""

from pathlib import Path

import pytest

from orchestrator.errors import RegistryError, SetupError
from orchestrator.local.preparing import prepared
from orchestrator.registry.models import Registry

DEMO = Path(__file__).parents[3] / "experts.yaml"
TEXT = """\
version: 1
experts:
  - {id: a, engine: {kind: fake}}
"""


def test_a_file_its_text_and_a_registry_are_the_same(tmp_path):
    path = tmp_path / "experts.yaml"
    path.write_text(TEXT)
    registry = Registry.model_validate(
        {"version": 1, "experts": ({"id": "a", "engine": {"kind": "fake"}},)}
    )

    found = [prepared(source).registry for source in (path, str(path), TEXT, registry)]

    assert found == [registry] * 4


@pytest.mark.parametrize(
    ("source", "kind", "told"),
    [
        pytest.param("none.yaml", SetupError, "no registry 'none.yaml'", id="no file"),
        pytest.param(Path(), SetupError, "no registry", id="folder"),
        pytest.param(
            TEXT.replace("fake", "fke"),
            RegistryError,
            "registry:3:.*'fake'",
            id="kind",
        ),
        pytest.param(
            TEXT + "compositions: {auto: {kind: route, router: none}}\n",
            RegistryError,
            "registry:4:",
            id="reference",
        ),
        pytest.param("\n", RegistryError, "registry:1:1: the file is empty", id="empty"),
    ],
)
def test_a_registry_that_cannot_run_is_refused_with_its_place(source, kind, told):
    with pytest.raises(kind, match=told):
        prepared(source)


def test_a_registry_made_in_a_program_is_checked_as_its_file_would_be():
    registry = Registry.model_validate(
        {
            "experts": ({"id": "a", "engine": {"kind": "fake"}},),
            "compositions": {"auto": {"kind": "route", "router": "none"}},
        }
    )

    with pytest.raises(RegistryError, match="'none'"):
        prepared(registry)


def test_experts_of_slots_are_laid_out_as_a_service_would():
    found = prepared(DEMO)

    assert set(found.devices) == {"local"}
    assert found.plan.layout.table.slots(found.registry.experts[0].key) == ("local",)


def test_experts_without_slots_start_no_process():
    assert prepared(TEXT).devices == {}
