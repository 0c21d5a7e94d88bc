"""Whoever reads the reference of the SDK finds an example of everything it can do."""

import subprocess
import sys

import pytest

from orchestrator.client import AsyncClient, Client
from tests.docstring_examples import examples_of, program_of
from tests.page_blocks import ROOT


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_public_method_has_an_example(kind):
    found = examples_of(kind)

    assert len(found) > 50
    assert [one.name for one in found if not one.code] == []


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_example_that_waits_is_of_the_asynchronous_client(kind):
    waiting = [one.name for one in examples_of(kind) if "await " in (one.code or "")]

    assert bool(waiting) == (kind is AsyncClient)


def test_the_examples_are_sound_to_a_strict_type_checker(tmp_path):
    program = tmp_path / "examples.py"
    program.write_text(program_of(examples_of(AsyncClient), AsyncClient), encoding="utf-8")

    done = subprocess.run(  # from the root, where `make check` has left what mypy knows
        [sys.executable, "-m", "mypy", "--strict", str(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Success" in done.stdout, done.stdout + done.stderr
