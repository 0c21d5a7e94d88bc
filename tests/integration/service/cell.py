"""A whole cell in one process: gateways, slots and a Conductor on a store in memory.

All that is missing of the service are its processes: hops are calls, and who would ask by the
clock is asked in turn without a pause.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.compositions.base import Query
from orchestrator.compositions.following import Following
from orchestrator.compositions.loading import Loader
from orchestrator.compositions.programs import Programs
from orchestrator.engines.base import Call, Engine, Text
from orchestrator.engines.collecting import collect
from orchestrator.engines.dispatch import Dispatch
from orchestrator.engines.fake import FakeEngine, FakeHost
from orchestrator.engines.hosting import Hosting
from orchestrator.engines.lineage import Lineage
from orchestrator.engines.scripts import Script
from orchestrator.errors import EngineDeadError, ExpertUnavailableError, OrchestratorError
from orchestrator.registry.edit import Edit, checker
from orchestrator.registry.generation_store import StoredGenerations
from orchestrator.registry.generations import GenerationRecord
from orchestrator.registry.models import Expert
from orchestrator.registry.rollout import Rollout
from orchestrator.residency.placement import DispatchTable
from orchestrator.residency.solver import solved
from orchestrator.service.arranging import Arranging
from orchestrator.service.replicas import Replicas
from orchestrator.service.reports import GatewayReport, Sights, WorkerReport
from orchestrator.service.rollcall import Rollcall
from orchestrator.service.room import Machine
from orchestrator.store.memory import MemoryStore
from tests.registries import write_model

#: An event loop that is never idle gives threads their turn every 5 ms, and a check of the registry
#: needs thousands of turns; the processes of a service have loops that rest.
BREATH_S = 0.001


class Sibling(FakeHost):
    """Becomes whatever its lineage holds; its answers name the version that was asked for."""

    def __init__(self, lineage: Lineage) -> None:
        super().__init__(lineage.experts, engine=FakeEngine(script=_by_version))
        self._lineage = lineage

    def can_become(self, expert: Expert) -> bool:
        return self._lineage.holds(expert)


def _by_version(call: Call) -> Script:
    return Script(says=" ".join([call.key] * 4))


class Conductor:
    """The deployment of this name without Ray."""

    def __init__(self, generations: StoredGenerations, slots: Iterable[str]) -> None:
        self.rollcall = Rollcall(clock=time.monotonic)
        for slot in slots:
            self.rollcall.hear_worker(WorkerReport(slot=slot, state="silent", detail="starting"))
        room = Machine(accelerators=0, free_gib=lambda: 16.0)
        self.replicas = Replicas(self.rollcall, generations, tell=lambda: None, room=room)
        self.arranging = Arranging(
            self.rollcall, tell=lambda: None, clock=time.monotonic, solver=solved
        )
        self.rollout = Rollout(generations, self.replicas, check=checker(environ={}))


class Cell:
    """Two slots and two gateways."""

    def __init__(self, folder: Path, *, slots: int = 2, gateways: int = 2) -> None:
        self.folder = folder
        self.generations = StoredGenerations(MemoryStore())
        self.opened: Counter[str] = Counter()
        #: Models whose engine does not start.
        self.broken: set[str] = set()
        #: Entry of the registry that the next edit has under `slots`.
        #: Further keys of the registry: its routers and compositions, in YAML.
        self.programs = ""
        self.slot_entry = f"{{name: local, count: {slots}, memory_gib: 4}}"
        names = ["local", *(f"local-{i}" for i in range(1, slots))]
        self.slots = {name: self._slot(name) for name in names}
        self.conductor: Conductor | None = Conductor(self.generations, self.slots)
        self.gateways = [Gateway(f"g{i}", self) for i in range(gateways)]

    def model(self, name: str, *, num_bytes: int = 64) -> str:
        """A folder of weights; those of one size are siblings."""
        return str(write_model(self.folder / "models" / name, num_bytes=num_bytes))

    def text(self, *experts: str) -> bytes:
        entries = ["experts:", *(f"  - {one}" for one in experts)]
        slots = ["slots:", f"  - {self.slot_entry}"]
        return "\n".join([*entries, *slots, self.programs]).encode()

    async def edit(self, *experts: str) -> None:
        """Roll out a registry of these entries: who hears that it is live finds it everywhere."""
        assert self.conductor is not None
        edit = Edit(
            content=self.text(*experts), name="test", folder=str(self.folder), source="request"
        )
        live = await self.conductor.rollout.apply(edit)
        assert {one.following.live_number for one in self.gateways} == {live.number}

    def kill_worker(self, slot: str) -> None:
        """A worker that ends at once and comes back empty."""
        self.slots[slot] = self._slot(slot)

    def restart_conductor(self) -> None:
        self.conductor = Conductor(self.generations, self.slots)

    async def run(self) -> None:
        """What the processes would do by the clock, in turn."""
        await self._settle_first()
        while True:
            for gateway in self.gateways:
                await gateway.step()
            if self.conductor is not None:
                self._ask_workers(self.conductor)
            await asyncio.sleep(BREATH_S)

    async def _settle_first(self) -> None:
        if self.conductor is not None:
            await self.conductor.rollout.settle()

    def _adjust_workers(self, conductor: Conductor) -> None:
        """What the workforce has Serve do."""
        staff = conductor.rollcall.staff
        self.slots |= {slot: self._slot(slot) for slot in staff if slot not in self.slots}
        for slot in [slot for slot in self.slots if slot not in staff]:
            assert not self.slots.pop(slot).describe()
            conductor.rollcall.dismiss(slot)

    def _ask_workers(self, conductor: Conductor) -> None:
        self._adjust_workers(conductor)
        for slot, hosting in self.slots.items():
            assignment = conductor.rollcall.assignment(slot)
            if assignment is not None and assignment.stamp != hosting.stamp:
                hosting.assign(assignment)
            hosting.advance()
            conductor.rollcall.hear_worker(
                WorkerReport(
                    slot=slot,
                    state="ready",
                    detail="",
                    stamp=hosting.stamp,
                    engines=hosting.describe(),
                    report=hosting.slot.describe(),
                )
            )
        conductor.replicas.heard()

    def _slot(self, name: str) -> Hosting:
        return Hosting(name, open_host=self._open, clock=asyncio.get_running_loop())

    async def _open(self, lineage: Lineage) -> FakeHost:
        self.opened[lineage.id] += 1
        await asyncio.sleep(0)
        if any(name in str(one.model) for one in lineage.experts for name in self.broken):
            raise EngineDeadError(f"{lineage.id} does not start")
        return Sibling(lineage)


class HeldLoader(Loader):
    """Builds nothing while it may not."""

    def __init__(
        self, dispatch: Dispatch, *, remotes: dict[str, Engine], environ: Mapping[str, str]
    ) -> None:
        super().__init__(dispatch, remotes=remotes, environ=environ)
        self.may_load = asyncio.Event()
        self.may_load.set()

    async def load(self, record: GenerationRecord) -> Programs:
        await self.may_load.wait()
        return await super().load(record)


class Gateway:
    """The deployment of this name without Ray and HTTP."""

    def __init__(self, id_: str, cell: Cell) -> None:
        self._id = id_
        self._cell = cell
        remotes: dict[str, Engine] = {}
        self.dispatch = Dispatch(
            DispatchTable(slots_by_expert={}),
            slots=_Slots(cell),
            remotes=remotes,
            refresh=self._refresh,
        )
        loader = HeldLoader(self.dispatch, remotes=remotes, environ={})
        #: Clear it to have this gateway never end preparing, or loading what is live.
        self.may_load = loader.may_load
        self.following = Following(cell.generations, loader, clock=time.monotonic)

    async def step(self) -> None:
        await self.following.look()
        if self._cell.conductor is not None:
            await self._refresh()

    async def ask(self, model: str) -> tuple[int, str]:
        """Generation that a request was pinned to, and its answer."""
        programs = self.following.live
        programs.num_pinned += 1
        try:
            return programs.generation, await answered(programs, model)
        finally:
            programs.num_pinned -= 1

    async def _refresh(self) -> DispatchTable:
        conductor = self._cell.conductor
        if conductor is None:
            raise ExpertUnavailableError("the Conductor does not answer")
        failed, failure = self.following.failure or (None, "")
        conductor.rollcall.hear_gateway(
            GatewayReport(
                id=self._id,
                live=self.following.live_number,
                prepared=self.following.prepared,
                failed=failed,
                failure=failure,
                oldest=self.following.oldest,
                sights=Sights(load=self.dispatch.load, homes=self.dispatch.table.homes_by_expert),
            )
        )
        conductor.replicas.heard()
        census = conductor.rollcall.census()
        self.dispatch.adopt(census.table)
        self.following.prepare(census.proposed)
        return census.table


class _Slots(dict[str, Engine]):
    """The slots as they are now: one that was replaced is another engine."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._cell = cell

    def __contains__(self, name: object) -> bool:
        return name in self._cell.slots

    def __getitem__(self, name: str) -> Engine:
        return self._cell.slots[name].slot


async def answered(programs: Programs, model: str) -> str:
    await asyncio.sleep(0)  # as long as a router would take: edits may come in between
    query = Query(id="q", model=model, prompt=Text(text="hi"))
    answer = await collect((await programs.reply(query)).items)
    return answer.choices[0].text


class Load:
    """Callers that ask every gateway again and again, and what became of it."""

    def __init__(self, cell: Cell, *models: str) -> None:
        self._cell = cell
        self._models = models
        self.answers: list[tuple[str, int, str]] = []
        self.failures: list[OrchestratorError] = []

    @asynccontextmanager
    async def running(self, num_callers: int = 8):
        tasks = [asyncio.create_task(self._call(i)) for i in range(num_callers)]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def mixed(self) -> list[str]:
        """Answers that are of more than one definition."""
        return [text for _, _, text in self.answers if len(set(text.split())) != 1]

    def versions(self) -> dict[tuple[int, str], set[str]]:
        """Generation and model -> every definition that answered."""
        found: dict[tuple[int, str], set[str]] = {}
        for model, generation, text in self.answers:
            found.setdefault((generation, model), set()).update(text.split())
        return found

    async def _call(self, number: int) -> None:
        while True:
            for model in self._models:
                gateway = self._cell.gateways[number % len(self._cell.gateways)]
                try:
                    generation, text = await gateway.ask(model)
                    self.answers.append((model, generation, text))
                except OrchestratorError as error:
                    self.failures.append(error)
                await asyncio.sleep(BREATH_S)
