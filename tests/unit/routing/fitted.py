"""A fitted router on disk that is small enough to write in a test."""

from pathlib import Path

from routers import static_files
from routers.sealed import tensors_blob, write_sealed
from tests.unit.routers.small import tokenizer
from tests.unit.routers.test_artifacts import FILES, _manifest


def write_fitted(folder: Path, *, seed: int = 1) -> Path:
    """A category router of three skills; another seed is another version."""
    blobs = {name: tensors_blob(tensors) for name, tensors in FILES.items()}
    blobs[static_files.TOKENIZER] = tokenizer().to_str().encode()
    write_sealed(folder, _manifest().model_copy(update={"seed": seed}), blobs=blobs)
    return folder
