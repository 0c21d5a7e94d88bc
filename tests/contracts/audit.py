"""What every `AuditLog` does; subclasses bring the fixture."""

from orchestrator.access.audit import AuditEntry, AuditLog


def entry(number: int = 0, **fields) -> AuditEntry:
    said = {
        "at_s": 1_000.0 + number,
        "request_id": f"r{number}",
        "who": "admin",
        "address": "127.0.0.1",
        "action": "POST /admin/keys",
        "target": "/admin/keys",
        "status": 200,
    }
    return AuditEntry(**(said | fields))


class AuditContract:
    """Needs a fixture `log`, empty."""

    async def test_nothing_was_done_at_first(self, log: AuditLog):
        assert await log.recent(limit=10) == []

    async def test_the_newest_come_first_as_they_were_put(self, log: AuditLog):
        entries = [entry(n, told=f"a line\nof {n} é", asked={"slot": "x"}) for n in range(5)]
        for one in entries:
            log.put(one)

        assert await log.recent(limit=3) == entries[:1:-1]
