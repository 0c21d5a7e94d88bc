"""The service on a cluster with scripted engines, by an import path as Serve's configuration has.

`python -m tests.e2e.scripted_cluster ADDRESS CONFIG` deploys CONFIG, as `serve deploy` does.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from ray.serve import Application

from orchestrator.service.on_cluster import application_with
from tests.e2e.scripted_service import open_scripted


def application(args: Mapping[str, Any]) -> Application:
    """See `orchestrator.service.on_cluster.application`."""
    return application_with(open_scripted, args, os.environ)


def _main(address: str, config: str) -> None:
    import ray
    from ray import serve
    from ray.serve.context import _get_global_client as get_global_client
    from ray.serve.schema import ServeDeploySchema

    ray.init(address=address, log_to_driver=False, namespace="serve")
    schema = ServeDeploySchema.model_validate(json.loads(config))
    serve.start(proxy_location="HeadOnly", http_options=schema.http_options.model_dump())
    get_global_client().deploy_apps(schema)
    ray.shutdown()


if __name__ == "__main__":
    _main(*sys.argv[1:])
