"""Slots and wishes in the SDK: the same of both clients."""

import inspect

import httpx
import pytest

from orchestrator.client import AsyncClient, Client
from orchestrator.errors import ConflictError, InvalidRequestError, NotFoundError, SwapError

STATE = {
    "generation": 3, "a_new_key": 1,
    "slots": [
        {
            "name": "local", "state": "ready", "hit_rate": 0.5,
            "engines": [
                {
                    "id": "e1", "lineage": "llama", "state": "up", "rung": "serving",
                    "residents": [{"id": "maths", "version": "1"}],
                    "step": {"kind": "swap", "expert": None, "for_s": 0.5},
                }
            ],
            "queues": [
                {"expert": {"id": "law", "version": "2"}, "num_calls": 2, "oldest_s": 1.0,
                 "expected_s": None}
            ],
        }
    ],
}  # fmt: skip
STEERED = {
    "expert": "maths", "version": "1", "wish": "load",
    "slots": [{"slot": "local", "outcome": "done", "took_s": 0.25}],
}  # fmt: skip


@pytest.fixture(params=[Client, AsyncClient], ids=["blocking", "asynchronous"])
def ask(request):
    """Calls a method of either client on a service that gives one answer; the request beside it."""

    async def asked(answer, method, *args, **named):
        seen = []

        def respond(sent):
            seen.append(sent)
            return (
                answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
            )

        client = request.param(transport=httpx.MockTransport(respond))
        found = getattr(client, method)(*args, **named)
        found = await found if inspect.isawaitable(found) else found
        closing = client.close()
        if inspect.isawaitable(closing):
            await closing
        return found, seen[0]

    return asked


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "not_found", NotFoundError),
        (409, "conflict", ConflictError),
        (400, "invalid_request", InvalidRequestError),
        (503, "swap_failed", SwapError),
    ],
)
@pytest.mark.parametrize("method", ["load", "unload", "pin", "unpin"])
async def test_refusals_are_the_services_own_errors(ask, method, status, code, kind):
    error = {"message": "a sentence", "code": code}

    with pytest.raises(kind, match="a sentence"):
        await ask(httpx.Response(status, json={"error": error}), method, "maths")


async def test_slots_are_values(ask):
    found, sent = await ask(STATE, "residency")

    assert (sent.method, sent.url.path) == ("GET", "/admin/residency")
    (slot,) = found.slots
    assert slot.engines[0].residents[0].id == "maths"
    assert (slot.engines[0].step.kind, slot.queues[0].expected_s) == ("swap", None)


@pytest.mark.parametrize("method", ["load", "unload"])
async def test_what_takes_time_can_be_begun_only(ask, method):
    found, sent = await ask(STEERED, method, "maths", slot="local-1@2cpus", wait=False)

    assert (sent.method, sent.url.path) == ("POST", f"/admin/experts/maths/{method}")
    assert dict(sent.url.params) == {"wait": "false", "slot": "local-1@2cpus"}
    assert (found.expert, found.slots[0].took_s) == ("maths", 0.25)


@pytest.mark.parametrize("method", ["pin", "unpin"])
async def test_pins_go_to_every_slot_by_default(ask, method):
    _, sent = await ask(STEERED, method, "maths")

    assert str(sent.url).endswith(f"/admin/experts/maths/{method}?wait=true")
