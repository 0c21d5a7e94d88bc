"""A service for the console: the demo's registry, scripted experts, slots that say as told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.batch.batch import RequestCounts
from orchestrator.batch.progress import Bar, BatchProgress, RunProgress, SlotRun, Timeline
from orchestrator.compositions.loading import Loader
from orchestrator.compositions.programs import Programs
from orchestrator.engines.embedding import AnyCall
from orchestrator.engines.fake import FakeEngine
from orchestrator.engines.scripts import Script
from orchestrator.engines.slot import HostReport, SlotReport, Waiting
from orchestrator.registry.models import Registry
from orchestrator.service.reports import WorkerReport
from tests.kept_batches import KeptBatches, batch
from tests.rollouts import Site
from tests.served import Service, running
from tests.slots import Slots

ROOT = Path(__file__).parents[1]
REGISTRY = ROOT / "deploy/demo/compositions.yaml"

_SAID = {
    "capitals": "The capital of Kenya is Nairobi.",
    "french": "Trier se dit « trier » ; le tri est « le tri ».",
    "roman": "XLIV",
    "synthesiser": "The capital of Kenya is Nairobi.",
}


def says(call: AnyCall) -> Script:
    """What an expert answers, word by word."""
    return Script(
        says=_SAID.get(call.expert, "I do not know."), token_delay_s=0.01, is_literal=False
    )


@dataclass
class ConsoleSite:
    """Everything that the console shows, and where tests change it."""

    slots: Slots
    batches: KeptBatches
    registry: Site
    service: Service
    url: str = ""

    def expert_key(self, expert_id: str) -> str:
        """The live definition of an expert, as slots know it."""
        assert self.service.live is not None
        experts = self.service.live().registry.experts
        return next(one.key for one in experts if one.id == expert_id)

    def say(self, report: WorkerReport) -> None:
        """Have a slot say something else from now on."""
        self.slots.reports[report.slot] = report


@asynccontextmanager
async def console_site(
    *, script: Callable[[AnyCall], Script] = says, **service: object
) -> AsyncIterator[ConsoleSite]:
    """The service on a port of this machine."""
    engine, site = FakeEngine(script=script), Site()
    site.now_s = time.time() - 300
    control = await site.control(REGISTRY)
    programs = await Loader(engine, remotes={}).load(await control.read(None))

    def live() -> Programs:
        # Edits change what is told of the registry; requests are answered as before.
        programs.generation = site.crowd.noted[-1]
        return programs

    slots = slots_of(programs.registry)
    made = Service(
        engine=engine,
        live=live,
        registry=control,
        residency=slots.oversight,
        batches=(batches := batches_of()),
        **service,
    )
    async with running(made) as url:
        yield ConsoleSite(slots=slots, batches=batches, registry=site, service=made, url=url)


def slots_of(registry: Registry) -> Slots:
    """Four slots: one busy, one that swaps, one quiet, one silent."""
    key_of = {one.id: one.key for one in registry.experts}
    demo = [key_of[one] for one in ("capitals", "elements", "roman", "reverse", "sort", "calendar")]
    others = [key_of[one] for one in ("french", "spanish", "units")]
    hosts = dict.fromkeys(demo, ("gpu-0", "gpu-1")) | dict.fromkeys(others, ("gpu-2",))
    slots = Slots(hosts, homes=dict.fromkeys(demo[:3], ("gpu-0",)))
    slots.reports = {
        one.slot: one
        for one in (
            busy(key_of["capitals"], waits=key_of["roman"], pinned=key_of["capitals"]),
            swapping(key_of["reverse"], to=key_of["sort"], waits=key_of["calendar"]),
            quiet(key_of["french"], key_of["spanish"]),
            WorkerReport(slot="gpu-3", state="silent", detail="its worker gave no answer in 1 s"),
        )
    }
    return slots


def host(lineage: str, **more: object) -> HostReport:
    """An engine of six experts that serves."""
    asked = {
        "engine": f"e-{lineage}",
        "lineage": lineage,
        "experts": tuple(f"x{n}@{'0' * 12}" for n in range(6)),
        "rung": "serving",
        "step": None,
        "step_s": None,
        "draining_for": None,
        "pinned": (),
        "residents": (),
        "swapping_to": None,
        "in_flight": {},
        "last_swap_s": 0.21,
        "down": None,
    }
    return HostReport(**{**asked, **more})


def ready(slot: str, *hosts: HostReport, **more: object) -> WorkerReport:
    """A slot that answers."""
    asked = {
        "name": slot,
        "hosts": hosts,
        "waiting": (),
        "action": "",
        "why": "",
        "device_gib": 12.4,
        "device_room_gib": 24.0,
        "host_gib": 30.0,
        "host_room_gib": 64.0,
        "num_steps": {"swap": 31},
        "num_admitted": 1840,
        "num_hits": 1711,
        "broken": {},
    }
    report = SlotReport(**{**asked, **more})
    return WorkerReport(slot=slot, state="ready", detail="ready", report=report)


def busy(expert: str, *, waits: str, pinned: str, num_waiting: int = 3) -> WorkerReport:
    """A slot that answers calls of one expert while others wait."""
    return ready(
        "gpu-0",
        host("llama-1m", residents=(expert,), pinned=(pinned,), in_flight={expert: 6}),
        waiting=(Waiting(expert=waits, num_calls=num_waiting, oldest_s=0.8, expected_s=1.4),),
        action=f"admit for {expert!r} on engine 'e-llama-1m'",
        why=f"{num_waiting} calls wait for {waits!r}, the first for 0.80 s, wanted within 2.00 s",
        device_gib=21.7,
    )


def swapping(expert: str, *, to: str, waits: str) -> WorkerReport:
    """A slot whose engine becomes another expert."""
    swaps = host("llama-1m", residents=(expert,), step="swap", step_s=0.4, swapping_to=to)
    queues = ((to, 9, 1.9, 0.2), (waits, 2, 0.3, 2.1))
    return ready(
        "gpu-1",
        swaps,
        waiting=tuple(
            Waiting(expert=key, num_calls=number, oldest_s=oldest_s, expected_s=expected_s)
            for key, number, oldest_s, expected_s in queues
        ),
        action=f"swap for {to!r} on engine 'e-llama-1m'",
        why=f"9 calls wait for {to!r}, the first for 1.90 s, wanted within 2.00 s",
        num_hits=1502,
    )


def quiet(*residents: str) -> WorkerReport:
    """A slot of two engines, one of them asleep."""
    awake = host("llama-lora", residents=residents, in_flight={residents[0]: 1})
    return ready(
        "gpu-2",
        awake,
        host("gpt2-small", rung="asleep"),
        device_gib=6.2,
        num_admitted=612,
        num_hits=604,
    )


EXPERTS = ("capitals", "roman", "french", "sort", "units")


def bars(
    *, late: float, end_s: float = 120.0, slots: tuple[str, ...] = ("gpu-0", "gpu-1", "gpu-2")
) -> tuple[Bar, ...]:
    """Runs of every slot until some second, each `late` times as long as planned."""
    found = []
    for place, slot in enumerate(slots):
        begins_s = 0.0
        for turn in range(4):
            took_s = (18.0 + 7 * ((place * 3 + turn * 2) % 5)) * late
            if begins_s + took_s > end_s:
                break
            step = "swap" if turn or place else None
            found.append(
                Bar(
                    slot=slot,
                    expert=EXPERTS[(place * 2 + turn) % len(EXPERTS)],
                    stage=0,
                    num_calls=int(took_s * 6),
                    begins_s=begins_s,
                    step=step,
                    step_s=2.4 if step else 0.0,
                    ends_s=begins_s + took_s,
                )
            )
            begins_s += took_s
    return tuple(found)


def batches_of() -> KeptBatches:
    """A batch under way and one that has ended."""
    now_s = int(time.time())
    under_way = batch(
        id="batch_7f3a2c",
        created_at=now_s - 82,
        request_counts=RequestCounts(total=2400, completed=1475, failed=3),
    )
    done = batch(
        "completed",
        id="batch_51be09",
        created_at=now_s - 5400,
        output_file_id="file-out",
        request_counts=RequestCounts(total=900, completed=900, failed=0),
    )
    run = RunProgress(
        num_lines=2400,
        num_done=1478,
        num_tokens=301_000,
        tokens_per_s=4312.0,
        swaps_so_far=7,
        swaps_expected=11,
        left_s=46.0,
        current=(
            running_run("gpu-0", "units", num_calls=190, num_done=120),
            running_run("gpu-1", "capitals", num_calls=150, num_done=31),
            running_run("gpu-2", "french", num_calls=216, num_done=166),
        ),
    )
    happened = bars(late=1.06, end_s=78.0)
    return KeptBatches(
        scripts={
            done.id: [BatchProgress(batch=done)],
            under_way.id: [BatchProgress(batch=under_way, run=run)],
        },
        timelines={
            under_way.id: Timeline(
                batch_id=under_way.id,
                predicted=bars(late=1.0),
                happened=happened,
                lower_bound_s=101.0,
            ),
            done.id: Timeline(batch_id=done.id, predicted=bars(late=0.5), happened=bars(late=0.53)),
        },
    )


def running_run(slot: str, expert: str, *, num_calls: int, num_done: int) -> SlotRun:
    """A run under way that began with a swap."""
    return SlotRun(
        slot=slot,
        expert=expert,
        num_calls=num_calls,
        num_done=num_done,
        begins_s=70.0,
        ends_s=None,
        is_swapped=True,
    )
