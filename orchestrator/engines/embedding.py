"""The seam to whatever embeds texts: a call in, one vector a text out.

An `Embedder` stands beside `Engine` and is reached the same way: through dispatch, over the same
hop, in a turn of the same queue. It answers at once and whole, since half a vector serves nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from orchestrator.engines.base import Call, Engine, Text
from orchestrator.engines.notices import Notice
from orchestrator.engines.retries import Retries
from orchestrator.registry.models import key_of

#: Shape [n_texts, dimensions].
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedCall:
    """One request to one embedding expert: what crosses the hop from gateway to slot."""

    id: str
    expert: str
    #: The registry generation the request is pinned to: for records and messages.
    generation: int
    #: `Expert.version` of the definition that is meant; an engine of one expert ignores it.
    version: str = ""
    #: Texts, or token ids of the expert's own vocabulary; at least one, none of them empty.
    inputs: tuple[Text, ...]
    #: Length of the vectors, where the model is trained for several; `None` takes all of it.
    dimensions: int | None = None
    #: Wall-clock seconds the call may take, waiting included; `None` has no bound.
    timeout_s: float | None = None
    #: Seconds it may wait for its turn; `None` has no bound.
    max_wait_s: float | None = None
    #: Advice of a batch, as a `Call`'s.
    priority: int = 0
    order: int | None = None
    slot: str | None = None
    is_background: bool = False
    #: As a `Call`'s.
    traceparent: str | None = None
    retries: Retries | None = None

    @property
    def key(self) -> str:
        """`Expert.key` of the definition that is meant: what calls are sent by."""
        return key_of(self.expert, self.version)


#: What an expert of either task is asked.
AnyCall = Call | EmbedCall


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vectors:
    """What a call asked for."""

    #: A row an input, in order; every number finite.
    values: Matrix
    #: Tokens read, over all inputs.
    num_tokens: int
    #: What the provider or the registry's price makes of them, USD; `None` where neither says.
    cost_usd: float | None = None
    #: As of `Usage`: the call's share of its slot's time, and the slot.
    slot_s: float | None = None
    slot: str = ""
    #: What a stream would have told its caller meanwhile; empty where nobody waited.
    notices: tuple[Notice, ...] = ()


@runtime_checkable
class Embedder(Protocol):
    """Embeds for one or more experts."""

    async def embed(self, call: EmbedCall) -> Vectors:
        """The vectors of `call`; cancelling ends the work at its source.

        Raises:
            RequestError: the call cannot be served as asked (an input too long, unsupported).
            EngineError: the engine failed; `retryable` says whether another try makes sense.
        """
        ...

    async def close(self) -> None:
        """Free everything; calls in flight fail with `EngineDeadError`."""
        ...


class FullEngine(Engine, Embedder, Protocol):
    """Reaches experts of either task."""


def field_of(call: EmbedCall, index: int) -> str:
    """The request field that input number `index` comes from."""
    return "input" if len(call.inputs) == 1 else f"input[{index}]"
