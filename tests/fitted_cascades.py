"""Fitted cascades on disk, for tests."""

from __future__ import annotations

from pathlib import Path

from routers.acceptance_files import CascadeManifest, PointPart, Signal
from routers.sealed import write_sealed


def write_cascade(
    folder: Path,
    *,
    cheap: tuple[str, ...],
    strong: str,
    tau: float = 0.6,
    signal: Signal = "agreement",
    num_samples: int = 3,
) -> None:
    """A folder as `orchestrator fit cascade` writes it, with a tau of one's own."""
    point = PointPart(tau=tau, accepted=0.5, quality=0.8, cost=1.0)
    manifest = CascadeManifest(
        data_sha256="0" * 64,
        seed=0,
        cheap=cheap,
        strong=strong,
        signal=signal,
        num_samples=num_samples,
        tau=tau,
        expected=point,
        curve=(point,),
    )
    write_sealed(folder, manifest, blobs={})
