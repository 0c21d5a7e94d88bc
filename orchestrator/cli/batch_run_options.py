"""The options of `orchestrator batch run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str, typer.Argument(metavar="IN", help="JSONL or parquet: a file, a folder or a URL.")
]
Out = Annotated[str, typer.Argument(metavar="OUT", help="Folder or URL of what comes of it.")]
RegistryFile = Annotated[Path, typer.Option(help="The registry that rows are routed by.")]
ServiceUrl = Annotated[
    str | None,
    typer.Option(envvar="ORCHESTRATOR_URL", help="A running service; default the experts here."),
]
Work = Annotated[str | None, typer.Option(help="Folder or URL of the job; default OUT/_work.")]
Form = Annotated[str, typer.Option("--format", help="Of what is written: jsonl or parquet.")]
Model = Annotated[str, typer.Option(help="Who is asked where a parquet row is silent.")]
RayAddress = Annotated[
    str | None, typer.Option(help="A Ray cluster to route on; default this machine alone.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that route; default 2, which take 2 GiB with Ray."),
]
AtOnce = Annotated[int, typer.Option(min=1, help="Requests under way on each slot.")]
ChunkRows = Annotated[int, typer.Option(min=1, help="Rows of a file that is written.")]
BlockMib = Annotated[float, typer.Option(min=0.0001, help="Input that is routed as one, MiB.")]
TimeoutS = Annotated[float, typer.Option(min=1, help="Longest wait for one answer, seconds.")]
RouteOnly = Annotated[bool, typer.Option("--route-only", help="Stop before anybody is asked.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
