"""What a `model` may name."""

import sys

import pytest

from orchestrator.checkpoints.sources import (
    is_hub_id,
    is_remote,
    is_url,
    local_path,
    package_folder,
    safe,
)
from orchestrator.errors import ModelError


@pytest.mark.parametrize(
    ("text", "is_elsewhere"),
    [
        pytest.param("org/name", True, id="hub id"),
        pytest.param("s3://bucket/model", True, id="object store"),
        pytest.param("memory://model", True, id="memory"),
        pytest.param("https://example.org/model", True, id="web"),
        pytest.param("file:///models/a", False, id="file URL"),
        pytest.param("models/a/b", False, id="relative folder"),
        pytest.param("/models/a", False, id="folder"),
        pytest.param("package:some_package/model", False, id="package"),
    ],
)
def test_only_what_is_elsewhere_is_fetched(text, is_elsewhere):
    assert is_remote(text) is is_elsewhere


def test_a_file_url_is_a_path():
    assert local_path("file:///models/with%20space") == "/models/with space"
    assert local_path("file://another-host/models") is None
    assert is_url("s3+x://b/c")
    assert not is_hub_id("https://a/b")


def test_credentials_of_a_url_are_not_shown():
    assert safe("https://user:pass@host:81/models/a?token=t") == "https://host:81/models/a"
    assert safe("org/name") == "org/name"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that must not be imported, with a model in it."""
    (tmp_path / "carries_a_model/weights").mkdir(parents=True)
    (tmp_path / "carries_a_model/__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "carries_a_model"


def test_a_package_is_found_without_being_imported(installed):
    assert package_folder("package:carries_a_model/weights") == installed / "weights"
    assert package_folder("package:carries_a_model") == installed
    assert "carries_a_model" not in sys.modules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("package:not_there/x", "names no Python package", id="not installed"),
        pytest.param("package:", "names no Python package", id="no name"),
        pytest.param("package:carries_a_model.weights", "names no Python package", id="submodule"),
        pytest.param("package:carries_a_model/lost", "names no folder of the package", id="lost"),
        pytest.param("package:carries_a_model/../..", "names no folder of the package", id="out"),
        pytest.param("package:json.decoder", "names no Python package", id="dotted"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_a_package_that_has_no_such_folder_is_refused(text, message):
    with pytest.raises(ModelError, match=message):
        package_folder(text)
