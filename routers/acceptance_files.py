"""A fitted cascade as a folder: who is asked first, who after, and the tau between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field

from .acceptance import Choose, Judged, curve, fitted
from .sealed import Part, Seal, read_sealed, write_sealed

Signal = Literal["agreement", "confidence", "score"]


class PointPart(Part):
    """What one tau comes to."""

    tau: float
    accepted: float = Field(ge=0, le=1)
    quality: float = Field(ge=0, le=1)
    cost: float = Field(ge=0)


class CascadeManifest(Seal):
    """Who is asked, and when the cheap answer is taken."""

    kind: Literal["cascade"] = "cascade"
    cheap: tuple[str, ...] = Field(min_length=1, description="Asked first, best first.")
    strong: str = Field(description="Asked where the confidence is under tau.")
    signal: Signal = Field(
        description="Agreement of samples, mean probability of an answer's tokens, or a router's "
        "score."
    )
    router: str | None = Field(None, description="Router whose score it is.")
    router_version: str | None = None
    num_samples: int = Field(ge=1, description="Answers of the cheap side to one question.")
    tau: float
    expected: PointPart = Field(description="What tau comes to on the questions it was fitted on.")
    curve: tuple[PointPart, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Who a cascade asks, and what it goes by."""

    cheap: tuple[str, ...]
    strong: str
    signal: Signal = "agreement"
    num_samples: int = 1
    router: str | None = None
    router_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The rule of a cascade, ready to serve."""

    #: First 12 digits of the hash of the artifact.
    version: str
    sides: Sides
    tau: float

    def accepts(self, confidence: float) -> bool:
        """Whether the cheap answer is taken."""
        return confidence >= self.tau


def write_acceptance(
    judged: Judged, folder: Path, *, sides: Sides, choose: Choose, data_sha256: str
) -> CascadeManifest:
    """Fit tau and write the artifact to `folder`.

    Raises:
        RouterError: there are too few questions, or no tau does.
    """
    point, metrics = fitted(judged, choose)
    manifest = CascadeManifest(
        data_sha256=data_sha256,
        seed=0,
        packages={"numpy": version("numpy")},
        metrics={name: round(value, 4) for name, value in metrics.items()},
        cheap=sides.cheap,
        strong=sides.strong,
        signal=sides.signal,
        router=sides.router,
        router_version=sides.router_version,
        num_samples=sides.num_samples,
        tau=point.tau,
        expected=PointPart(**asdict(point)),
        curve=tuple(PointPart(**asdict(one)) for one in curve(judged)),
    )
    return write_sealed(folder, manifest, blobs={})


def load_acceptance(folder: str | Path, *, experts: Sequence[str]) -> Acceptance:
    """The rule of an artifact.

    Args:
        folder: written by `orchestrator fit cascade`.
        experts: those of the registry.

    Raises:
        RouterError: the folder is missing or stale, or names an expert that is not known.
    """
    sealed = read_sealed(folder, CascadeManifest, kind="cascade")
    manifest = sealed.manifest
    if gone := sorted({*manifest.cheap, manifest.strong} - set(experts)):
        raise sealed.refusal(f"asks experts {gone}, which the registry does not have")
    sides = Sides(**{name: getattr(manifest, name) for name in Sides.__dataclass_fields__})
    return Acceptance(version=sealed.version, sides=sides, tau=manifest.tau)
