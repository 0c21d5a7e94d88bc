"""What a running service completes, and what becomes of a key press where none does."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator.cli.live_names import batch_ids, key_ids, model_names, parts, slot_names
from orchestrator.cli.service_edits import reached
from orchestrator.client.batch_wire import Batch
from orchestrator.client.keys import Key
from orchestrator.client.residency_wire import SlotState
from orchestrator.errors import SetupError

BODIES = {
    "/v1/models": {"data": [{"id": "maths"}, {"id": "vote"}]},
    "/v1/batches?limit=100": {"data": [{"id": "batch_1"}, {"id": "batch_2"}]},
    "/admin/keys": {"data": [{"id": "key-a"}]},
    "/admin/residency": {"slots": [{"name": "gpu0"}, {"name": "gpu1"}]},
}


class Context:
    def __init__(self, url: str, **given: str) -> None:
        self.params = {"url": url, **given}


class Listing(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(BODIES[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Listing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_names_of_a_running_service_are_completed(url):
    assert model_names(Context(url), "vo") == ["vote"]
    assert batch_ids(Context(url), "batch_") == ["batch_1", "batch_2"]
    assert key_ids(Context(url), "") == ["key-a"]
    assert slot_names(Context(url), "gpu1") == ["gpu1"]
    assert parts(Context(url), "g") == ["gateways", "gpu0", "gpu1"]


def test_what_is_completed_is_what_the_service_calls_it():
    assert {"id"} <= Batch.model_fields.keys() & Key.model_fields.keys()
    assert set(BODIES["/admin/residency"]["slots"][0]) <= SlotState.model_fields.keys()


def test_models_are_those_of_the_file_where_no_service_answers(tmp_path):
    file = tmp_path / "experts.yaml"
    file.write_text("experts:\n  - id: maths\ncompositions:\n  - id: vote\n")

    assert model_names(Context("http://127.0.0.1:1", registry=str(file)), "") == ["maths", "vote"]


def test_a_silent_service_keeps_no_key_press_waiting():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun_s = time.monotonic()
        assert batch_ids(Context(f"http://127.0.0.1:{silent.getsockname()[1]}"), "") == []
        assert time.monotonic() - begun_s < 2


@pytest.mark.parametrize("wrong", ["nowhere", "http://", "http://h:x", "http://[", ""])
def test_a_wrong_url_completes_nothing_and_says_nothing(wrong, capfd):
    assert slot_names(Context(wrong or "\0"), "") == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("wrong", ["notaurl", "ftp://x", "localhost:8000"])
def test_a_url_without_http_is_refused_with_one_that_works(wrong):
    with pytest.raises(SetupError, match="begins with http:// or https://"), reached(wrong):
        pass
