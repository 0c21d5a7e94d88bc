"""`orchestrator doctor`: what is here, whether it fits, and what to do about what does not."""

from __future__ import annotations

import dataclasses
import json
import os

import typer

from orchestrator.cli.doctor_findings import Finding
from orchestrator.cli.doctor_machine import machine_findings
from orchestrator.cli.doctor_packages import package_findings
from orchestrator.cli.doctor_surroundings import surrounding_findings
from orchestrator.cli.file_edits import AsJson

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(as_json: AsJson = False) -> None:
    """Look at what a service needs of this machine.

    Each line says how it is and what to do: packages and versions, devices, memory, port, disks,
    Redis, leftovers of Ray, limits. It ends with 1 where no service could run.
    """
    found = [*package_findings(), *machine_findings(), *surrounding_findings(os.environ)]
    is_fine = not any(one.state == "fail" for one in found)
    if as_json:
        checks = [dataclasses.asdict(one) for one in found]
        typer.echo(json.dumps({"is_fine": is_fine, "checks": checks}, indent=2))
    else:
        for one in found:
            typer.echo(_line(one))
    if not is_fine:
        raise typer.Exit(1)


def _line(one: Finding) -> str:
    todo = f"\n        {one.todo}" if one.todo else ""
    return f"{_MARKS[one.state]}  {one.name}: {one.said}{todo}"
