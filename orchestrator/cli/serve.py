"""`orchestrator serve`: start the service and keep it until told to stop."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.checkpoints.library import MODELS_DIR, Library
from orchestrator.service import settings as service_settings
from orchestrator.service.keeper import Keeper
from orchestrator.service.preflight import check
from orchestrator.service.progress import Progress, own_output
from orchestrator.service.supervisor import Supervisor, private_folder


def serve(
    registry: Annotated[Path | None, typer.Option(help="The registry file.")] = None,
    host: Annotated[str | None, typer.Option(help="Address of the endpoint.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the endpoint.")] = None,
    gateways: Annotated[int | None, typer.Option(help="Gateway processes.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Logs and the store's data.")] = None,
    store_url: Annotated[
        str | None, typer.Option(help="Redis to use; none starts a private one.")
    ] = None,
    keys: Annotated[
        str | None,
        typer.Option(help="`required`: callers need a key; `off`: they need none, anywhere."),
    ] = None,
    admin_key_file: Annotated[
        Path | None, typer.Option(help="File with the key of operators.")
    ] = None,
) -> None:
    """Serve the registry's experts behind one endpoint.

    What is not given is read from ORCHESTRATOR_<NAME>, else it has its default.
    """
    progress = Progress(own_output())
    # Processes of Ray stand in other folders.
    os.environ[MODELS_DIR] = str(Library.of(os.environ).folder)
    settings = service_settings.read(
        os.environ,
        registry=registry,
        host=host,
        port=port,
        gateways=gateways,
        data_dir=data_dir,
        store_url=store_url,
        keys=keys,
        admin_key_file=admin_key_file,
    )
    # No process that is started from here needs it: gateways are told its digest.
    os.environ.pop("ORCHESTRATOR_ADMIN_KEY", None)
    checked = check(settings)
    keeper = Keeper(grace_s=settings.stop_timeout_s, say=progress.say)
    with private_folder() as folder:
        supervisor = Supervisor(settings, checked, folder=folder, progress=progress)
        code = keeper.keep(supervisor.run)
    sys.exit(code)
