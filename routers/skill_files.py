"""A fitted skill router as a folder: profiles, vectors of their skills, and what embeds others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from .clusters import Clusters
from .embeddings import Embedder, EmbedderName, Embeddings
from .nearest_skill import NearestSkill
from .profile_files import ProfileManifest, parse_profiles, profiles_blob
from .profiles import Profiles
from .recruiter import Recruiter, Recruiting
from .sealed import Seal, Sealed, read_sealed, tensors_blob, write_sealed
from .skill import SkillRouter
from .skill_cache import SkillCache
from .static_files import carried_embedder

PROFILES = "profiles.json"
VECTORS = "skills.safetensors"


class SkillManifest(Seal):
    """What a folder holds and what it was fitted on."""

    kind: Literal["skill"] = "skill"
    experts: tuple[str, ...] = Field(min_length=1)
    skills: tuple[str, ...] = Field(min_length=1)
    prior_count: float = Field(gt=0, description="Questions that an expectation counts for.")
    graded_by: Literal["labels", "agreement"] = Field(
        description="Whether answers were graded, or experts graded one another."
    )
    are_clusters: bool = Field(description="Skills are clusters of questions; nobody names them.")
    aggregator: str | None = Field(
        None, description="The expert that merges answers best, by a test of its own."
    )
    dims: dict[EmbedderName, int] = Field(
        min_length=1, description="Embedder -> length of the vectors of skills."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillParts:
    """What a folder is written from."""

    manifest: SkillManifest
    profiles: Profiles
    #: Embedder -> shape [n_skills, dim]: vectors of the skills, or centres of clusters.
    vectors: Mapping[EmbedderName, Embeddings]
    #: Files of the table that the folder carries, where it is to be read by one.
    table: Mapping[str, bytes] = field(default_factory=dict)


def write_skill_router(folder: Path, parts: SkillParts) -> SkillManifest:
    """Write `parts`; returns the manifest as written."""
    seed, packages = parts.manifest.seed, parts.manifest.packages
    blobs = {
        PROFILES: profiles_blob(parts.profiles, ProfileManifest(seed=seed, packages=packages)),
        VECTORS: tensors_blob({str(name): rows for name, rows in parts.vectors.items()}),
        **parts.table,
    }
    return write_sealed(folder, parts.manifest, blobs=blobs)


def load_skill_router(
    path: str | Path,
    *,
    fallback: str,
    embedder: EmbedderName = "static",
    rule: Recruiting | None = None,
    named: SkillCache | None = None,
) -> SkillRouter:
    """The router of a folder, ready to route.

    Args:
        path: written by `orchestrator fit skill`.
        fallback: expert for questions whose skills are not known.
        embedder: by which skills that nobody measured are read as known ones.
        rule: how many experts are recruited, and how; the best three where it is left out.
        named: what models have named; a cache of its own where it is left out.

    Raises:
        RouterError: the folder is missing, stale, incomplete or inconsistent.
    """
    sealed = read_skill_router(path)
    manifest = sealed.manifest
    profiles = read_counts(sealed)
    vectors, reader = _vectors(sealed, embedder)
    nearest = NearestSkill(skills=manifest.skills, vectors=vectors, embedder=reader)
    clusters = Clusters(names=manifest.skills, centres=vectors, embedder=reader)
    return SkillRouter(
        version=sealed.version,
        recruiter=Recruiter(
            profiles=profiles,
            prior_count=manifest.prior_count,
            rule=rule or Recruiting(trim="standing"),
            nearest=None if manifest.are_clusters else nearest,
        ),
        fallback=fallback,
        named=SkillCache() if named is None else named,
        clusters=clusters if manifest.are_clusters else None,
        aggregator=manifest.aggregator,
    )


def read_skill_router(path: str | Path) -> Sealed[SkillManifest]:
    """The manifest of a folder, and its files to open.

    Raises:
        RouterError: it is missing or not of this format.
    """
    return read_sealed(path, SkillManifest, kind="skill")


def read_counts(sealed: Sealed[SkillManifest]) -> Profiles:
    """The profiles of a folder.

    Raises:
        RouterError: they are missing, damaged, or not those that the manifest is about.
    """
    profiles, _ = parse_profiles(sealed.blob(PROFILES), sealed.folder / PROFILES)
    manifest = sealed.manifest
    if (profiles.experts, profiles.skills) != (manifest.experts, manifest.skills):
        raise sealed.refusal("has profiles of other experts or skills than its manifest names")
    return profiles


def _vectors(sealed: Sealed[SkillManifest], embedder: EmbedderName) -> tuple[Embeddings, Embedder]:
    dims, num = sealed.manifest.dims, len(sealed.manifest.skills)
    if embedder not in dims:
        raise sealed.refusal(f"has no vectors for {embedder!r}, only for {sorted(dims)}")
    found = sealed.tensors(VECTORS, {embedder: (num, dims[embedder])})
    return found[embedder], carried_embedder(sealed, name=embedder, dim=dims[embedder])
