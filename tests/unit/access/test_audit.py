import logging
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.access.audit import MemoryAudit
from orchestrator.access.audit_file import AuditFile
from tests.contracts.audit import AuditContract, entry


class TestMemoryAudit(AuditContract):
    @pytest.fixture
    def log(self):
        return MemoryAudit()


class TestAuditFile(AuditContract):
    @pytest.fixture
    def log(self, tmp_path):
        return AuditFile(tmp_path / "audit.log")


async def test_writers_of_one_file_mix_no_lines(tmp_path):
    path = tmp_path / "audit.log"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: AuditFile(path).put(entry(n, told="x" * 400)), range(200)))

    found = await AuditFile(path).recent(limit=1000)

    assert {one.request_id for one in found} == {f"r{n}" for n in range(200)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_was_moved_away_is_made_anew(tmp_path):
    log = AuditFile(tmp_path / "audit.log")
    log.put(entry(1))
    (tmp_path / "audit.log").rename(tmp_path / "audit.log.1")
    log.put(entry(2))

    assert await log.recent(limit=10) == [entry(2)]


async def test_what_cannot_be_written_is_told_in_the_log_and_stops_nobody(tmp_path, caplog):
    log = AuditFile(tmp_path / "no-such-folder" / "audit.log")

    with caplog.at_level(logging.ERROR):
        log.put(entry(1))

    assert "not in the audit log" in caplog.text
    assert '"request_id":"r1"' in caplog.text


async def test_a_damaged_line_hides_no_other(tmp_path):
    log = AuditFile(tmp_path / "audit.log")
    log.put(entry(1))
    with (tmp_path / "audit.log").open("a") as file:
        file.write('{"half\n')
    log.put(entry(2))

    assert await log.recent(limit=10) == [entry(2), entry(1)]
