"""What is to be done: the calls of many requests, in columns, so that a million fit in memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One call that a request is foreseen to make."""

    #: Of one request, calls of a stage begin when all calls of the stages before have ended.
    stage: int
    expert: str
    prompt_tokens: float
    output_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Calls of requests; columns of calls have one length, those of requests another."""

    #: Ids; `expert` counts in them.
    experts: tuple[str, ...]
    #: Of each call: its request, from 0, ascending.
    request: Ints
    #: Of each call: its stage, from 0.
    stage: Ints
    #: Of each call: its expert's place in `experts`.
    expert: Ints
    #: Of each call: tokens that are read and written.
    prompt_tokens: Floats
    output_tokens: Floats
    #: Of each request: by when it is to be answered, seconds from now; infinite where nobody says.
    deadline_s: Floats
    #: Of each request: higher is sooner.
    priority: Ints

    @property
    def num_calls(self) -> int:
        """All calls."""
        return len(self.request)

    @property
    def num_requests(self) -> int:
        """All requests, those without calls too."""
        return len(self.deadline_s)


class WorkloadBuilder:
    """Takes requests one after the other."""

    def __init__(self) -> None:
        self._place_by_expert: dict[str, int] = {}
        self._request, self._stage, self._expert = array("i"), array("i"), array("i")
        self._prompt, self._output = array("f"), array("f")
        self._deadline_s, self._priority = array("f"), array("i")

    def __len__(self) -> int:
        return len(self._deadline_s)

    def add(
        self, calls: Iterable[PlannedCall], *, deadline_s: float = inf, priority: int = 0
    ) -> None:
        """Add one request with the calls it is foreseen to make."""
        place = len(self._deadline_s)
        for call in calls:
            self._request.append(place)
            self._stage.append(call.stage)
            self._expert.append(
                self._place_by_expert.setdefault(call.expert, len(self._place_by_expert))
            )
            self._prompt.append(call.prompt_tokens)
            self._output.append(call.output_tokens)
        self._deadline_s.append(deadline_s)
        self._priority.append(priority)

    def workload(self) -> Workload:
        """All that was added so far."""
        return Workload(
            experts=tuple(self._place_by_expert),
            request=np.array(self._request, dtype=np.int32),
            stage=np.array(self._stage, dtype=np.int32),
            expert=np.array(self._expert, dtype=np.int32),
            prompt_tokens=np.array(self._prompt, dtype=np.float32),
            output_tokens=np.array(self._output, dtype=np.float32),
            deadline_s=np.array(self._deadline_s, dtype=np.float32),
            priority=np.array(self._priority, dtype=np.int32),
        )
