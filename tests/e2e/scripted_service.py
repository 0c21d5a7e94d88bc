"""`orchestrator serve` whose slots hold scripted engines: `python -m tests.e2e.scripted_service`.

All else is real: Ray Serve, HAProxy, Redis, the file watch, the weights' headers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from orchestrator.engines.base import Call, Chat
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError
from orchestrator.registry.models import Expert
from orchestrator.service import settings as service_settings
from orchestrator.service.keeper import Keeper
from orchestrator.service.preflight import check
from orchestrator.service.progress import Progress, own_output
from orchestrator.service.supervisor import Supervisor, private_folder

#: In a model's path: its engine takes so long to start, seconds; or does not start.
SLOW, SLOW_S = "slow", 4.0
BROKEN = "broken"
#: A prompt that has this word is answered in words this far apart, seconds.
SLOWLY, WORD_S = "slowly", 0.3
#: It starts once somebody writes to the FIFO of this name in the model's folder.
GATED, GATE = "gated", "gate"


class Sibling(FakeHost):
    """Becomes whatever its lineage holds; its answers name the definition that was asked for."""

    def __init__(self, lineage: Lineage) -> None:
        super().__init__(lineage.experts, engine=FakeEngine(script=by_definition))
        self._lineage = lineage

    def can_become(self, expert: Expert) -> bool:
        """See `Host.can_become`."""
        return self._lineage.holds(expert)


def by_definition(call: Call) -> Script:
    """Eight words, each the key of what was asked for, 2 ms apart, or as far as was asked for."""
    is_slow = isinstance(call.prompt, Chat) and SLOWLY in call.prompt.messages[-1].text
    return Script(says=" ".join([call.key] * 8), token_delay_s=WORD_S if is_slow else 0.002)


async def open_scripted(lineage: Lineage) -> FakeHost:
    """Start as the models' paths say."""
    models = [str(expert.model) for expert in lineage.experts]
    for model in models:
        if GATED in model:
            await asyncio.to_thread((Path(model) / GATE).read_bytes)
    if any(SLOW in model for model in models):
        await asyncio.sleep(SLOW_S)
    if any(BROKEN in model for model in models):
        raise EngineDeadError(f"engine {lineage.id} is broken")
    return Sibling(lineage)


def main() -> None:
    """Serve by the arguments of `orchestrator serve`, each `--name=value`."""
    given = dict(option.removeprefix("--").split("=", 1) for option in sys.argv[2:])
    settings = service_settings.read(
        os.environ,
        registry=Path(given["registry"]),
        port=int(given["port"]),
        data_dir=Path(given["data-dir"]),
        gateways=int(given["gateways"]),
    )
    progress = Progress(own_output())
    checked = check(settings)
    keeper = Keeper(grace_s=settings.stop_timeout_s, say=progress.say)
    with private_folder() as folder:
        # By its module's name: workers import it, and `__main__` is another one there.
        from tests.e2e.scripted_service import open_scripted as opener

        supervisor = Supervisor(
            settings, checked, folder=folder, progress=progress, open_host=opener
        )
        code = keeper.keep(supervisor.run)
    sys.exit(code)


if __name__ == "__main__":
    main()
