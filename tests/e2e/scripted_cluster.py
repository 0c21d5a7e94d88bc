"""The service on a cluster with scripted engines, by an import path for Serve."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ray.serve import Application

from orchestrator.service.on_cluster import application_with
from tests.e2e.scripted_service import open_scripted


def application(args: Mapping[str, Any]) -> Application:
    """See `orchestrator.service.on_cluster.application`."""
    return application_with(open_scripted, args, os.environ)
