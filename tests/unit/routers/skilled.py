"""A fitted skill router on disk, without MiniLM: the profiles and the embedding of the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from routers.profiles import Profiles
from routers.sealed import tensors_blob
from routers.skill_files import SkillManifest, SkillParts, write_skill_router
from tests.unit.routers.small import TOKENS, embedding, tokenizer
from tests.unit.routers.test_recruiter import profiles

TABLE = np.zeros((len(TOKENS), 3), dtype=np.int8)
TABLE[1, 0] = TABLE[3, 1] = TABLE[2, 2] = TABLE[5, 2] = 10


def table_blobs() -> dict[str, bytes]:
    """The files of the static table of the tests."""
    table = {"table": TABLE, "scale": np.full(3, 0.1, dtype=np.float32)}
    return {
        "static.safetensors": tensors_blob(table),
        "tokenizer.json": tokenizer().to_str().encode(),
    }


def parts(known: Profiles | None = None, **changes: object) -> SkillParts:
    """What a folder is written from."""
    known = known or profiles()
    told = {
        "data_sha256": "s1",
        "seed": 1,
        "experts": known.experts,
        "skills": known.skills,
        "prior_count": 5.0,
        "graded_by": "labels",
        "are_clusters": False,
        "dims": {"static": 3},
    }
    return SkillParts(
        manifest=SkillManifest.model_validate(told | changes),
        profiles=known,
        vectors={"static": embedding().embed(list(known.skills))},
        table=table_blobs(),
    )


def write(folder: Path, known: Profiles | None = None, **changes: object) -> Path:
    """A folder as `orchestrator fit skill` writes it."""
    write_skill_router(folder, parts(known, **changes))
    return folder
