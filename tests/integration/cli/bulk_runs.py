"""`orchestrator batch run` as a process, and what it left."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import ContentPolicyError


class Echoes:
    """Says what it was asked; silent once `gate_at` were asked, refuses what says so."""

    def __init__(self, *, gate_at=10**9):
        self.asked = Counter()
        self.gate = asyncio.Event()
        self.is_silent = asyncio.Event()
        self._gate_at = gate_at

    def __call__(self, call):
        text = last_user_text(call)
        self.asked[text] += 1
        if "refuse" in text:
            return Script(says="", fails=ContentPolicyError("not that"))
        if self.asked.total() > self._gate_at and not self.gate.is_set():
            self.is_silent.set()
            return Script(says=text, gate=self.gate)
        return Script(says=text)


async def bulk_run(*args: object, env: Mapping[str, str] | None = None) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrator.cli.main", "batch", "run", *map(str, args), "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip


async def finished(process: Process, *, code: int = 0) -> Any:
    """What it printed: its JSON, or where it is to fail, what it said."""
    out, err = await process.communicate()
    assert process.returncode == code, err.decode()
    return json.loads(out) if code == 0 else err.decode()


def lines_of(folder: Path) -> list[dict[str, Any]]:
    paths = sorted(folder.glob("*"))
    return [json.loads(one) for path in paths for one in path.read_text().splitlines()]


def said(results: list[dict[str, Any]]) -> dict[str, str]:
    return {
        one["custom_id"]: one["response"]["body"]["choices"][0]["message"]["content"]
        for one in results
    }
