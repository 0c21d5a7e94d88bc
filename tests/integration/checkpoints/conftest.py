from pathlib import Path

import pytest

from orchestrator.checkpoints.librarian import Librarian
from orchestrator.checkpoints.library import Library
from orchestrator.registry.weights import read_checkpoint
from tests.integration.checkpoints.hub_server import Hub
from tests.registries import write_model

ID = "org/model"


@pytest.fixture
def model(tmp_path) -> dict[str, bytes]:
    """The files of a small model, as a hub has them; weights of some 300 kB."""
    folder = write_model(tmp_path / "original", num_bytes=300_000)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {
        **files,
        "tokenizer.json": b"{}",
        "1_Pooling/config.json": b"{}",
        "README.md": b"# a model",
        "pytorch_model.bin": b"a pickle",
        "modeling_own.py": b"raise SystemExit",
        "onnx/model.safetensors": b"another form",
        ".gitattributes": b"",
    }


@pytest.fixture
def hub(model):
    hub = Hub()
    hub.put(ID, model)
    server = hub.serve()
    yield hub
    hub.may_send.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def environ(tmp_path, hub) -> dict[str, str]:
    """What points a process at this hub and this library, and at no other."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "ORCHESTRATOR_MODELS_DIR": str(tmp_path / "library"),
    }


@pytest.fixture
def library(environ) -> Library:
    return Library.of(environ)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def librarian(library, pauses) -> Librarian:
    return Librarian(library=library, inspect=read_checkpoint, pause=pauses.append)


@pytest.fixture
def names_in():
    def names(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    return names
