"""What Ray generates for HAProxy, as the installed version does it, is what we know to change."""

import re

import pytest
from ray.serve._private.common import RequestProtocol
from ray.serve._private.haproxy import BackendConfig, HAProxyApi, HAProxyConfig, ServerConfig
from ray.serve.config import HTTPOptions

from orchestrator.service.haproxy import rewrite

pytestmark = pytest.mark.integration


@pytest.fixture
def generated(tmp_path):
    config = HAProxyConfig(
        http_options=HTTPOptions(host="127.0.0.1", port=8000),
        socket_path=str(tmp_path / "admin.sock"),
        server_state_base=str(tmp_path),
        server_state_file=str(tmp_path / "state"),
        metrics_socket_path=str(tmp_path / "metrics.sock"),
        has_received_routes=True,
        has_received_servers=True,
    )
    server = ServerConfig(name="gateway", host="127.0.0.1", port=20000)
    backend = BackendConfig(
        name="app", app_name="app", path_prefix="/", servers=[server], protocol=RequestProtocol.HTTP
    )
    api = HAProxyApi(config, {"app": backend}, config_file_path=str(tmp_path / "haproxy.cfg"))
    api._generate_config_file_internal()
    return (tmp_path / "haproxy.cfg").read_text()


def test_every_listener_is_on_loopback(generated, tmp_path):
    binds = re.findall(r"^\s*bind\s+(\S+)", rewrite(generated, errors=tmp_path), re.MULTILINE)

    assert len(binds) == 3
    assert all(bind.startswith("127.0.0.1:") for bind in binds)


def test_ray_still_opens_what_we_close(generated):
    assert re.search(r"bind :\d+", generated)
    assert re.search(r"bind \*:\d+", generated)
    assert "option splice-request" in generated
