"""`orchestrator batch plan`: a dry run, with what it would save and who would work when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import typer
from rich.text import Text

from orchestrator.batch.gantt_page import timeline_page
from orchestrator.batch.gantt_text import timeline_text
from orchestrator.cli import batch_asking as asking
from orchestrator.cli.batch_screen import BatchScreen
from orchestrator.cli.plan_tables import experts_table, head, summary_table, summed_up
from orchestrator.cli.service_edits import URL, AsJson, Url
from orchestrator.client.batch_calls import PLAN
from orchestrator.client.batch_wire import Batch, BatchProgress, RequestCounts
from orchestrator.client.blocking import Client
from orchestrator.client.plan_wire import BatchPlan
from orchestrator.errors import OrchestratorError


def batch_plan(
    file: asking.Input,
    endpoint: asking.Endpoint = None,
    html: asking.Html = None,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Have every line of a file checked, routed and planned, and nothing generated.

    It says which experts would be loaded when, on which slot, and what that saves over the order
    the lines stand in; what was sent for it is deleted again.
    """
    endpoint = endpoint or asking.endpoint_of(file)
    with asking.asking_batches(url, api_key) as client:
        kept = client.files.upload(file)
        with _forgotten(client, kept.id) as batches:
            begun = client.batches.create(kept.id, endpoint=endpoint, metadata=PLAN)
            batches.append(begun)
            with BatchScreen() as screen:
                batches.append(client.batches.wait(begun.id, heard=partial(_heard, screen)))
            if batches[-1].status == "failed":
                asking.tell_faults(batches[-1].faults, file=str(file))
                raise typer.Exit(1)
            plan = client.batches.plan(begun.id)
    if html is not None:
        asking.write_page(_page(plan, file.name), html)
    if as_json:
        typer.echo(asking.document(plan))
    else:
        _show(plan)


def _heard(screen: BatchScreen, progress: BatchProgress) -> None:
    # No line of a dry run is ever done.
    screen.heard(progress.model_copy(update={"request_counts": RequestCounts()}))


@contextmanager
def _forgotten(client: Client, file_id: str) -> Iterator[list[Batch]]:
    """Whatever happens, nothing of a dry run stays behind at the service."""
    batches: list[Batch] = []
    try:
        yield batches
    finally:
        last = batches[-1] if batches else None
        if last is not None and not last.has_ended:
            with suppress(OrchestratorError):
                client.batches.cancel(last.id)
                last = client.batches.wait(last.id)
        left = [file_id] if last is None else [file_id, last.output_file_id, last.error_file_id]
        for one in left:
            if one is not None:
                # What is told is why there is no plan, not what could not be tidied up after it.
                with suppress(OrchestratorError):
                    client.files.delete(one)


def _show(plan: BatchPlan) -> None:
    timeline = asking.timeline_of("", plan.runs, lower_bound_s=plan.summary.lower_bound_s)
    told = Text("\n".join(head(plan)))
    drawn = timeline_text(timeline, width=asking.columns())
    asking.show(told, summary_table(plan), experts_table(plan), drawn)


def _page(plan: BatchPlan, name: str) -> str:
    timeline = asking.timeline_of("", plan.runs, lower_bound_s=plan.summary.lower_bound_s)
    return timeline_page(timeline, title=f"Plan of {name}", notes=summed_up(plan))
