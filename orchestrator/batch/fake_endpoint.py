"""An endpoint without experts: says what it was asked, for tests and rehearsals of batches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

import orjson

from orchestrator.batch.line import Line, LineReply
from orchestrator.errors import UnknownModelError
from orchestrator.planner.workload import PlannedCall


class FakeEndpoint:
    """See `Endpoint`.

    Args:
        models: that it knows; `None` is any.
        refuses: status codes of those that refuse every line, by model.
        gate: nothing is answered until it is set; `None` answers at once.
        answer_s: how long an answer takes, seconds.
        held: owner -> why lines wait.
    """

    def __init__(
        self,
        *,
        models: frozenset[str] | None = None,
        refuses: Mapping[str, int] | None = None,
        gate: asyncio.Event | None = None,
        answer_s: float = 0.0,
        held: Mapping[str, str] | None = None,
    ) -> None:
        self.models = models
        self._refuses = refuses or {}
        self._gate = gate
        self._answer_s = answer_s
        self._held = held or {}
        #: How often each line was answered, by `custom_id`.
        self.answered: Counter[str] = Counter()

    async def foresee(self, line: Line, *, owner: str = "") -> tuple[PlannedCall, ...]:
        """See `Endpoint.foresee`: one call of the model that is named."""
        model = str(orjson.loads(line.body).get("model"))
        if self.models is not None and model not in self.models:
            raise UnknownModelError(
                f"model {model!r} is not known; known: {sorted(self.models)}", param="model"
            )
        tokens = len(line.body) / 4
        return (PlannedCall(stage=0, expert=model, prompt_tokens=tokens, output_tokens=16.0),)

    async def answer(self, line: Line, *, call_id: str, batch: str, owner: str) -> LineReply:
        """See `Endpoint.answer`: the body, as it came."""
        if self._gate is not None:
            await self._gate.wait()
        await asyncio.sleep(self._answer_s)
        self.answered[line.custom_id] += 1
        asked = orjson.loads(line.body)
        status = self._refuses.get(str(asked.get("model")), 200)
        said = {"said": asked} if status == 200 else {"error": {"code": "refused"}}
        return LineReply(status_code=status, request_id=call_id, body=orjson.dumps(said))

    def held_up(self, owner: str) -> str | None:
        """See `Endpoint.held_up`."""
        return self._held.get(owner)
