import uuid

import fsspec
import pytest

from orchestrator.checkpoints.librarian import Librarian
from orchestrator.checkpoints.library import Library
from orchestrator.registry.weights import read_checkpoint
from tests.registries import write_model


@pytest.fixture
def library(tmp_path) -> Library:
    return Library.of({"ORCHESTRATOR_MODELS_DIR": str(tmp_path / "library"), "HF_HOME": "/nowhere"})


@pytest.fixture
def librarian(library) -> Librarian:
    return Librarian(library=library, inspect=read_checkpoint, pause=lambda _: None)


@pytest.fixture
def in_memory(tmp_path):
    """The URL of a small model on fsspec's filesystem in memory."""
    folder = write_model(tmp_path / "original", num_bytes=4096)
    url = f"memory://{uuid.uuid4().hex}/m"
    memory = fsspec.filesystem("memory")
    for path in folder.iterdir():
        memory.pipe(f"{url}/{path.name}", path.read_bytes())
    yield url
    memory.rm(url, recursive=True)
