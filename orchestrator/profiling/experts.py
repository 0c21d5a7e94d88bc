"""The experts of a running service that questions can be put to, and whether they stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from orchestrator.client import AsyncClient, Model
from orchestrator.errors import SetupError


def chosen(models: Sequence[Model], wanted: Sequence[str]) -> dict[str, str]:
    """Versions of the experts that are asked, in the order they are asked.

    Args:
        models: all that the service lists.
        wanted: ids; empty for every expert that answers with text.

    Raises:
        SetupError: one is not there, or there is none.
    """
    known = {
        model.id: model.version or ""
        for model in models
        if model.kind == "expert" and model.task != "embed"
    }
    for name in wanted:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise SetupError(
                f"{name!r} is no expert that answers with text; there are {sorted(known)}{meant}"
            )
    if not known:
        raise SetupError("the service has no expert that answers with text")
    return {name: known[name] for name in dict.fromkeys(wanted or known)}


class Definitions:
    """Experts as they were at the start of a run.

    Answers name the generation that they are of, so that nothing is asked while it is the same.
    """

    def __init__(self, client: AsyncClient, version_by_expert: Mapping[str, str]) -> None:
        self._client = client
        self.version_by_expert = version_by_expert
        self._generation: int | None = None

    async def check(self, generation: int | None) -> None:
        """Hold an answer's generation against the start.

        Raises:
            SetupError: an expert has another definition now, or is gone.
        """
        if generation is None or generation == self._generation:
            return
        now = {model.id: model.version or "" for model in await self._client.models()}
        for expert, version in self.version_by_expert.items():
            if now.get(expert) != version:
                raise SetupError(
                    f"expert {expert!r} was edited on the way (version {version!r}, now "
                    f"{now.get(expert)!r}); what it answered before stands in the file: profile "
                    "it anew into another --out"
                )
        self._generation = generation
