"""`orchestrator batch watch`."""

from __future__ import annotations

from orchestrator.cli import batch_asking as asking
from orchestrator.cli.batch_waiting import tell_end, waited_for
from orchestrator.cli.service_edits import URL, AsJson, Url


def batch_watch(
    batch_id: asking.BatchId,
    url: Url = URL,
    api_key: asking.ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show lines, tokens a second, runs, swaps and time left until a batch has ended.

    Ctrl-C leaves the batch alone. With --json it prints one object a line. It ends with 0 where
    the batch is complete, else with 1.
    """
    with asking.asking_batches(url, api_key) as client:
        batch = waited_for(client, batch_id, as_json=as_json)
    tell_end(batch)
    asking.ended(batch)
