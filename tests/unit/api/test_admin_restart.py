"""Restarts over HTTP, and what /readyz tells of parts."""

from dataclasses import dataclass, field

from orchestrator.api.readiness import Readiness
from orchestrator.api.restart_control import RestartState
from orchestrator.errors import ConflictError
from tests.served import Service, fault


@dataclass
class Restarts:
    """Begins whatever is asked for, unless it has an error."""

    error: ConflictError | None = None
    asked: list[str] = field(default_factory=list)

    async def restart(self, part: str) -> RestartState:
        if self.error is not None:
            raise self.error
        self.asked.append(part)
        return RestartState(asked=part, is_under_way=True, doing="begins", left=(part,))

    async def restarting(self) -> RestartState:
        return RestartState(asked="gateways", done=("gateways",))


async def test_a_restart_is_begun_and_asked_after():
    service = Service(restarts=Restarts())

    begun = await service.post("/admin/restart", part="gateways")
    told = await service.get("/admin/restart")

    assert (begun.status_code, begun.json()["left"]) == (202, ["gateways"])
    assert told.json()["done"] == ["gateways"]


async def test_a_second_restart_is_409():
    service = Service(restarts=Restarts(error=ConflictError("a restart is under way")))

    refused = await service.post("/admin/restart", part="workers")

    assert (refused.status_code, fault(refused)["code"]) == (409, "conflict")


async def test_a_page_of_another_site_cannot_restart_anything():
    restarts = Restarts()

    refused = await Service(restarts=restarts).post(
        "/admin/restart", part="workers", headers={"origin": "https://example.com"}
    )

    assert (refused.status_code, restarts.asked) == (403, [])


async def test_a_degraded_service_is_ready_and_says_what_is_away():
    state = Readiness(
        is_ready=True, degraded=("store: away",), parts={"store": "away", "slots": "up"}
    )

    told = await Service(readiness=state).get("/readyz")

    assert told.status_code == 200
    assert told.json() == {
        "status": "degraded",
        "reasons": [],
        "degraded": ["store: away"],
        "parts": {"store": "away", "slots": "up"},
    }
