"""What experts' files are called, and where they may lie."""

import pytest

from orchestrator.checkpoints.library import ROOTS
from orchestrator.registry.engine_entry import FakeEngine
from orchestrator.registry.loader import load
from orchestrator.registry.models import Expert, Variant
from orchestrator.registry.origins import all_wanted, findings
from orchestrator.registry.surroundings import Surroundings, resolved
from tests.registries import VALID, write_model, write_registry

HASH = "0" * 64


def reasons(expert, folder, **environ):
    where = Surroundings(folder=folder, environ={"HF_HOME": str(folder), **environ})
    return [finding.reason for finding in findings({0: expert}, where)]


def test_a_model_outside_the_allowed_roots_is_a_fault_that_names_them(tmp_path):
    write_model(tmp_path / "elsewhere/m")
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed/m").symlink_to(tmp_path / "elsewhere/m")
    expert = Expert(id="a", model="allowed/m")
    where = Surroundings(folder=tmp_path, environ={ROOTS: str(tmp_path / "allowed")})

    (finding,) = findings({0: expert}, where)

    assert finding.reason == (
        f"lies in {str(tmp_path / 'elsewhere/m')!r}, outside of what {ROOTS} allows"
    )
    assert finding.allowed == (str(tmp_path / "allowed"),)
    assert finding.path == ("experts", 0, "model")


def test_any_of_several_roots_will_do(tmp_path):
    write_model(tmp_path / "two/m")
    roots = f"{tmp_path / 'one'}:{tmp_path / 'two'}"

    assert reasons(Expert(id="a", model="two/m"), tmp_path, **{ROOTS: roots}) == []


def test_the_weights_of_variants_and_adapters_are_held_to_the_same(tmp_path):
    write_model(tmp_path / "m")
    expert = Expert(
        id="a",
        base="b",
        adapter="lost/it/is",
        variants=(Variant(name="half", model="lost/too/now", loss=0),),
    )

    found = reasons(expert, tmp_path)

    nowhere = f"is no folder in {str(tmp_path)!r} and no Hugging Face id (org/name) or URL"
    assert found == [nowhere] * 2


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param({"revision": "main"}, "only a Hugging Face id has revisions", id="revision"),
        pytest.param({"sha256": {"x": HASH}}, "'x' is no file of", id="lost file"),
        pytest.param({"sha256": {"../x": HASH}}, "is no file inside of", id="outside"),
    ],
)
def test_pins_that_would_be_ignored_are_faults(tmp_path, keys, message):
    write_model(tmp_path / "m")

    found = reasons(Expert(id="a", model="m", **keys), tmp_path)

    assert message in found[0]


def test_hashes_without_files_are_a_fault(tmp_path):
    expert = Expert(id="a", engine=FakeEngine(kind="fake"), sha256={"x": HASH})

    assert reasons(expert, tmp_path) == [
        "would be ignored: this expert has no files here; remove the key"
    ]


def test_a_package_that_is_not_installed_is_a_fault(tmp_path):
    (reason,) = reasons(Expert(id="a", model="package:not_there_at_all/m"), tmp_path)

    assert "names no Python package that is installed here" in reason


def test_the_size_of_what_is_to_be_fetched_is_said_where_it_can_be_known(tmp_path):
    (reason,) = reasons(Expert(id="a", model="org/name", parameters=2**30), tmp_path)

    assert "to be fetched when the service starts (about 2 GiB)" in reason


def test_a_file_url_and_a_package_are_folders_once_resolved(tmp_path, monkeypatch):
    write_model(tmp_path / "carries_weights/m")
    (tmp_path / "carries_weights/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    where = Surroundings(folder=tmp_path)
    registry = load(write_registry(tmp_path, VALID))
    experts = (
        Expert(id="a", model="package:carries_weights/m"),
        Expert(id="b", model=(tmp_path / "carries_weights/m").as_uri()),
        Expert(id="c", model="org/name"),
    )

    found = resolved(registry.model_copy(update={"experts": experts}), where)

    folder = str(tmp_path / "carries_weights/m")
    assert [expert.model for expert in found.experts] == [folder, folder, "org/name"]


def test_what_two_experts_share_is_wanted_once():
    experts = [Expert(id="a", model="org/name"), Expert(id="b", model="org/name")]

    assert [one.expert_id for one in all_wanted(experts)] == ["a"]
