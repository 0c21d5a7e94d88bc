"""A blend as a folder: one manifest, which says of which routers its weights were fitted."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field

from .base import Router, as_fitted
from .blend import BlendRouter, Member, Scale
from .datasets import Answered, data_sha256
from .fit_blend import fit_blend, told_by
from .sealed import Part, Seal, read_sealed, write_sealed


class MemberPart(Part):
    """One router and its say."""

    version: str = Field(description="Of the router whose scores were weighed.")
    weight: float = Field(ge=0)
    level: float
    slope: float = Field(ge=0)


class BlendManifest(Seal):
    """Weights by router."""

    kind: Literal["blend"] = "blend"
    members: dict[str, MemberPart] = Field(min_length=2)


def write_blend(routers: Mapping[str, Router], table: Answered, folder: Path) -> BlendManifest:
    """Fit the weights and write the artifact to `folder`.

    Args:
        routers: router id -> the router.
        table: questions that none of them was fitted on.
        folder: where to write.

    Raises:
        RouterError: there is too little to learn from, or a router is never sure.
    """
    fitted = fit_blend({name: told_by(one, table) for name, one in routers.items()}, table)
    parts = zip(routers.items(), fitted.weights, fitted.scales, strict=True)
    manifest = BlendManifest(
        data_sha256=data_sha256(table),
        seed=0,
        packages={"numpy": version("numpy")},
        metrics={name: round(value, 4) for name, value in fitted.metrics.items()},
        members={
            name: MemberPart(
                version=as_fitted(one.version), weight=weight, level=scale.level, slope=scale.slope
            )
            for (name, one), weight, scale in parts
        },
    )
    return write_sealed(folder, manifest, blobs={})


def load_blend(folder: str | Path, routers: Mapping[str, Router]) -> BlendRouter:
    """The router of an artifact, ready to route.

    Raises:
        RouterError: the folder is missing or stale, or its weights are of other routers than these.
    """
    sealed = read_sealed(folder, BlendManifest, kind="blend")
    fitted = sealed.manifest.members
    if set(fitted) != set(routers):
        raise sealed.refusal(f"weighs {sorted(fitted)}, not {sorted(routers)}")
    for name, router in routers.items():
        if (found := as_fitted(router.version)) != fitted[name].version:
            raise sealed.refusal(
                f"was fitted on {name!r} of version {fitted[name].version!r}, it is now {found!r}"
            )
    members = {
        name: Member(
            router=router,
            weight=fitted[name].weight,
            scale=Scale(level=fitted[name].level, slope=fitted[name].slope),
        )
        for name, router in routers.items()
        if fitted[name].weight > 0
    }
    return BlendRouter(members=members, fitted=sealed.version)
