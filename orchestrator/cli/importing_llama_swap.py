"""`orchestrator import llama-swap FILE`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from orchestrator.cli.importing_output import AsJson, File, content_of, show
from orchestrator.moving.llama_swap import from_llama_swap

Memory = Annotated[
    float, typer.Option(min=0.1, help="Memory of one accelerator for models of vLLM, GiB.")
]


def importing_llama_swap(file: File, memory_gib: Memory = 24.0, as_json: AsJson = False) -> None:
    """Print a registry made of llama-swap's configuration, and say what is not in it."""
    moved = from_llama_swap(content_of(file), environ=os.environ, memory_gib=memory_gib)
    show(moved, file=file, as_json=as_json)
