"""An engine whose answers of `refined` differ: two samples, then what is made of them."""

from __future__ import annotations

from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script, last_user_text

SAMPLES = Script(says=("two", "it is 2"))


def merging(answer: Script | None = None) -> FakeEngine:
    """What is put to the aggregator has candidates in it."""
    written = answer or Script(says="it is two")
    return FakeEngine(
        script=lambda call: written if "<candidate" in last_user_text(call) else SAMPLES
    )
