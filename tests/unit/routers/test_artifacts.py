import json

import numpy as np
import pytest

from routers import artifacts, static_files
from routers.artifacts import GramsPart, HeadPart, Manifest, NearestPart, WindowPart, load_router
from routers.base import Prompts, RouterError
from routers.sealed import MANIFEST, tensors_blob, write_sealed
from tests.unit.routers.small import GRAMS, POOL, SKILLS, TOKENS, tokenizer

EYE = np.eye(3, dtype=np.float32)
FILES = {
    static_files.TABLE: {
        "table": np.eye(len(TOKENS), 3, k=-1, dtype=np.int8),
        "scale": np.ones(3, dtype=np.float32),
    },
    artifacts.QUALITY: {"quality": EYE},
    artifacts.head_file("static"): {
        "dense": 8 * EYE,
        "grams": np.zeros((256, 3), dtype=np.float32),
        "bias": np.zeros(3, dtype=np.float32),
    },
}


@pytest.fixture
def write(tmp_path):
    """Writes an artifact to a folder, with the tensors of one file changed."""

    def write(file="", /, **tensors):
        folder = tmp_path / "topic"
        blobs = {
            name: tensors_blob(
                {k: v for k, v in (own | tensors).items() if v is not None} if name == file else own
            )
            for name, own in FILES.items()
        }
        blobs[static_files.TOKENIZER] = tokenizer().to_str().encode()
        write_sealed(folder, _manifest(), blobs=blobs)
        return folder

    return write


def _manifest():
    part = HeadPart(dim=3, dense_norm=1, temperature=1, tau=0.5, metrics={})
    grams = {name: getattr(GRAMS, name) for name in GramsPart.model_fields}
    return Manifest(
        data_sha256="0", seed=1, packages={}, categories=SKILLS, experts=SKILLS,
        expert_by_category=dict(zip(SKILLS, SKILLS, strict=True)),
        window=WindowPart(head=9, tail=9, lead=9),
        grams=GramsPart(**grams), heads={"static": part}, files={},
    )  # fmt: skip


def test_a_written_router_routes(write):
    found = load_router(write(), fallback="general")

    [route] = found.route(Prompts(texts=["capital"], candidates=POOL))
    assert route.chosen == ("capitals",)
    assert len(found.version) == 12
    assert not found.is_slow


def test_the_fallback_is_the_callers(write):
    found = load_router(write(), fallback="sums")

    assert found.route(Prompts(texts=["quux"], candidates=POOL))[0].chosen == ("sums",)


@pytest.mark.parametrize(
    ("file", "tensors", "fault"),
    [
        ("head-static.safetensors", {"bias": None}, "lacks the tensor 'bias'"),
        ("head-static.safetensors", {"dense": EYE[:2]}, "'dense' of shape"),
        ("quality.safetensors", {"quality": EYE[:, :2]}, "'quality' of shape"),
        ("static.safetensors", {"scale": np.ones(2, dtype=np.float32)}, "has shape"),
    ],
)
def test_a_folder_that_does_not_fit_together_is_refused(write, file, tensors, fault):
    with pytest.raises(RouterError, match=fault):
        load_router(write(file, **tensors), fallback="general")


@pytest.mark.parametrize("file", [*FILES, static_files.TOKENIZER])
def test_a_changed_or_missing_file_is_refused_with_what_to_run(write, file):
    folder = write()
    (folder / file).write_bytes(b"other")

    with pytest.raises(RouterError, match=r"not the one its manifest names.*orchestrator fit"):
        load_router(folder, fallback="general")

    (folder / file).unlink()
    with pytest.raises(RouterError, match="lacks"):
        load_router(folder, fallback="general")


@pytest.mark.parametrize(
    ("change", "fault"),
    [({"format": 2}, "has format 2, this version reads 1"), ({"surprise": 1}, "surprise")],
)
def test_a_manifest_of_another_format_is_refused(write, change, fault):
    folder = write()
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(RouterError, match=fault):
        load_router(folder, fallback="general")


NEAREST = {
    "prompts": np.array([[127, 0, 0, 0], [0, 127, 0, 0], [0, 0, 127, 0], [0, 0, 0, 127]], np.int8),
    "scale": np.ones(4, dtype=np.float32),
    "labels": np.array([0, 1, 2, 3], dtype=np.int16),
}


@pytest.fixture
def write_nearest(tmp_path):
    """Writes an artifact whose classifier goes by neighbours, with some tensors changed."""

    def write(**tensors):
        nearest = NearestPart(num_prompts=4, sketch_width=1, k=2, bandwidth=0.1, floor=0.3)
        part = _manifest().heads["static"].model_copy(update={"nearest": nearest, "dense_norm": 8})
        files = FILES | {artifacts.head_file("static"): NEAREST | tensors}
        blobs = {name: tensors_blob(own) for name, own in files.items()}
        blobs[static_files.TOKENIZER] = tokenizer().to_str().encode()
        manifest = _manifest().model_copy(update={"heads": {"static": part}})
        write_sealed(tmp_path / "near", manifest, blobs=blobs)
        return tmp_path / "near"

    return write


def test_a_router_by_neighbours_is_read_back(write_nearest):
    found = load_router(write_nearest(), fallback="general")

    [route] = found.route(Prompts(texts=["capital"], candidates=POOL))
    assert route.chosen == ("capitals",)


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ({"labels": np.array([0, 1, 2, 4], dtype=np.int16)}, "none of its 3 categories"),
        ({"labels": np.array([0, 1, 2, -1], dtype=np.int16)}, "none of its 3 categories"),
        ({"prompts": NEAREST["prompts"][:3]}, "'prompts' of shape"),
        ({"scale": np.ones(3, dtype=np.float32)}, "'scale' of shape"),
    ],
)
def test_neighbours_that_do_not_fit_together_are_refused(write_nearest, tensors, fault):
    with pytest.raises(RouterError, match=fault):
        load_router(write_nearest(**tensors), fallback="general")


def test_an_absent_folder_and_an_absent_head_are_named(write, tmp_path):
    with pytest.raises(RouterError, match="absent"):
        load_router(tmp_path / "absent", fallback="general")
    with pytest.raises(RouterError, match="no head for 'minilm'"):
        load_router(write(), embedder="minilm", fallback="general")
