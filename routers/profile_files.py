"""Profiles as one JSON file with a manifest; what is stale, mixed or damaged is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .base import RouterError
from .mapping import Score
from .profiles import Profiles

FORMAT: Literal[1] = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpertPart(_Part):
    """What is known of one expert."""

    sources: tuple[str, ...] = Field(min_length=1, description="Hashes of the data it answered.")
    overall: Score
    skills: dict[str, Score]


class ProfileManifest(_Part):
    """Where profiles come from."""

    kind: Literal["profiles"] = "profiles"
    format: Literal[1] = FORMAT
    seed: int = 0
    packages: dict[str, str] = {}
    metrics: dict[str, float] = Field({}, description="Measured on questions left out.")
    experts_sha256: str = Field("", description="Hash of the counts; written with the file.")


class ProfileFile(_Part):
    """The whole file."""

    manifest: ProfileManifest
    experts: dict[str, ExpertPart] = Field(min_length=1)


def write_profiles(path: Path, profiles: Profiles, manifest: ProfileManifest) -> None:
    """Write `profiles`; the hash in `manifest` is set here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(profiles_blob(profiles, manifest))


def profiles_blob(profiles: Profiles, manifest: ProfileManifest) -> bytes:
    """The bytes of the file of `profiles`; the hash in `manifest` is set here."""
    experts = {name: _expert_part(profiles, i) for i, name in enumerate(profiles.experts)}
    sealed = manifest.model_copy(update={"experts_sha256": _hash(experts)})
    content = ProfileFile(manifest=sealed, experts=experts).model_dump(mode="json")
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def read_profiles(
    path: Path, *, known_experts: Collection[str] = (), data_sha256: str = ""
) -> tuple[Profiles, ProfileManifest]:
    """Profiles of a file, and what they were fitted with.

    Args:
        path: written by `write_profiles`.
        known_experts: of the registry; an expert of the file that is not there is a reason to
            refuse. Empty: not compared.
        data_sha256: hash of the data they must come from. Empty: not compared.

    Raises:
        RouterError: the file is missing, of another format, damaged, stale, or names an expert
            that the registry no longer has.
    """
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise _refusal(path, f"cannot be read: {exc}") from exc
    return parse_profiles(raw, path, known_experts=known_experts, data_sha256=data_sha256)


def parse_profiles(
    raw: bytes, path: Path, *, known_experts: Collection[str] = (), data_sha256: str = ""
) -> tuple[Profiles, ProfileManifest]:
    """As `read_profiles`, of bytes that were read already.

    Raises:
        RouterError: as `read_profiles`; names `path`.
    """
    try:
        if (found := json.loads(raw)["manifest"]["format"]) != FORMAT:
            raise _refusal(path, f"have format {found!r}, this version reads {FORMAT}")
        content = ProfileFile.model_validate_json(raw)
    except (ValidationError, ValueError, LookupError, TypeError) as exc:
        raise _refusal(path, f"are malformed: {exc}") from exc
    _check(path, content, known_experts=known_experts, data_sha256=data_sha256)
    return _profiles(content.experts), content.manifest


def _check(
    path: Path, content: ProfileFile, *, known_experts: Collection[str], data_sha256: str
) -> None:
    if _hash(content.experts) != content.manifest.experts_sha256:
        raise _refusal(path, "do not match the hash in their manifest: edited or mixed")
    gone = sorted(set(content.experts) - set(known_experts)) if known_experts else []
    if gone:
        raise _refusal(path, f"name experts {gone}, known are {sorted(known_experts)}")
    stale = sorted(
        name for name, part in content.experts.items() if data_sha256 not in part.sources
    )
    if data_sha256 and stale:
        raise _refusal(path, f"of {stale} come from other data than {data_sha256[:12]!r}")


def _refusal(path: Path, why: str) -> RouterError:
    return RouterError(f"the profiles in {str(path)!r} {why}; measure and write them again")


def _expert_part(profiles: Profiles, column: int) -> ExpertPart:
    counts = zip(profiles.skills, profiles.right[:, column], profiles.asked[:, column], strict=True)
    return ExpertPart(
        sources=profiles.sources[profiles.experts[column]],
        overall=Score(
            right=float(profiles.right_overall[column]), asked=int(profiles.asked_overall[column])
        ),
        skills={
            skill: Score(right=float(right), asked=int(asked))
            for skill, right, asked in counts
            if asked
        },
    )


def _profiles(experts: Mapping[str, ExpertPart]) -> Profiles:
    names = tuple(experts)
    skills = tuple(sorted({skill for part in experts.values() for skill in part.skills}))
    asked, right = np.zeros((2, len(skills), len(names)))
    for column, part in enumerate(experts.values()):
        for skill, score in part.skills.items():
            row = skills.index(skill)
            asked[row, column], right[row, column] = score.asked, score.right
    return Profiles(
        experts=names,
        skills=skills,
        asked=asked,
        right=right,
        asked_overall=np.array([float(part.overall.asked) for part in experts.values()]),
        right_overall=np.array([part.overall.right for part in experts.values()]),
        sources={name: part.sources for name, part in experts.items()},
    )


def _hash(experts: Mapping[str, ExpertPart]) -> str:
    content = {name: part.model_dump(mode="json") for name, part in experts.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
