"""A model of a hub, on good days and on bad ones."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from orchestrator.checkpoints.sources import Wanted
from orchestrator.errors import DiskFullError, ModelError, TransferError, WeightsError
from tests.integration.checkpoints.conftest import ID
from tests.integration.checkpoints.hub_server import COMMIT, LATER

WANTED = Wanted(expert_id="maths", source=ID)
WEIGHTS = "model.safetensors"


# What goes wrong, first.


def test_an_id_that_does_not_exist_is_named(librarian):
    with pytest.raises(ModelError, match=r"model 'org/lost' is not on the hub, or is private"):
        librarian.bring(replace(WANTED, source="org/lost"))


def test_a_revision_that_does_not_exist_is_named(librarian):
    with pytest.raises(ModelError, match=r"model 'org/model' has no revision 'v9'"):
        librarian.bring(replace(WANTED, revision="v9"))


def test_a_gated_model_says_how_to_be_let_in(hub, librarian):
    hub.gated.add(ID)

    with pytest.raises(ModelError, match=r"is gated: accept its terms on the hub, then set HF_TOK"):
        librarian.bring(WANTED)


def test_weights_as_pickle_alone_are_refused_before_anything_is_fetched(hub, model, librarian):
    hub.put(ID, {"config.json": model["config.json"], "pytorch_model.bin": b"x"})

    with pytest.raises(ModelError, match=r"has its weights as pickle \(pytorch_model\.bin\)"):
        librarian.bring(WANTED)
    assert not hub.num_bytes_sent


def test_a_transfer_that_ends_early_again_and_again_keeps_what_came(
    hub, librarian, library, pauses, model
):
    hub.breaks[WEIGHTS] = [1000, 0, 0, 0, 0]

    with pytest.raises(TransferError, match=r"'model.safetensors' ended at byte 1000 of \d+, 4 ti"):
        librarian.bring(WANTED)

    assert pauses == [0.5, 1.0, 2.0]
    assert library.manifest(ID, None).state == "downloading"
    librarian.bring(WANTED)
    assert hub.num_bytes_sent[WEIGHTS] == len(model[WEIGHTS])


def test_a_file_of_another_hash_is_refused_and_it_alone_fetched_anew(hub, librarian, model):
    hub.forged[WEIGHTS] = model[WEIGHTS][:-1] + b"\x01"

    with pytest.raises(WeightsError, match=r"'model.safetensors' hashes to \w+, its source says"):
        librarian.bring(WANTED)

    del hub.forged[WEIGHTS]
    folder = librarian.bring(WANTED)
    assert (folder / WEIGHTS).read_bytes() == model[WEIGHTS]
    assert hub.num_bytes_sent["config.json"] == len(model["config.json"])


def test_a_hash_the_registry_got_wrong_loses_nothing(hub, librarian, model):
    with pytest.raises(WeightsError, match=r"the registry's `sha256` says 0000"):
        librarian.bring(replace(WANTED, sha256={WEIGHTS: "0" * 64}))

    right = {WEIGHTS: hashlib.sha256(model[WEIGHTS]).hexdigest()}
    librarian.bring(replace(WANTED, sha256=right))
    assert hub.num_bytes_sent[WEIGHTS] == len(model[WEIGHTS])


def test_a_hash_of_a_file_that_is_not_fetched_is_refused(librarian):
    with pytest.raises(ModelError, match=r"`sha256` names 'pytorch_model.bin', which is not fetc"):
        librarian.bring(replace(WANTED, sha256={"pytorch_model.bin": "0" * 64}))


def test_weights_whose_header_is_broken_are_refused(hub, librarian, model):
    hub.put(ID, {**model, WEIGHTS: model[WEIGHTS][:-1000]})

    with pytest.raises(WeightsError, match=r"is truncated: tensor 'lm_head.weight' ends at byte"):
        librarian.bring(WANTED)


def test_a_disk_without_room_is_refused_before_anything_is_fetched(hub, librarian):
    full = replace(librarian, free_bytes=lambda _: 2**26 + 1000, reclaimable_bytes=2**29)

    with pytest.raises(DiskFullError) as caught:
        full.bring(WANTED)

    assert caught.value.message == (
        "expert 'maths': org/model needs 0.00028 GiB more: 0.0625 GiB are free on the disk; "
        "nothing was fetched: `orchestrator models gc` would free 0.5 GiB"
    )
    assert not hub.num_bytes_sent


def test_a_budget_counts_what_other_models_take(hub, librarian, model):
    librarian.bring(WANTED)
    hub.put("org/other", model)
    bounded = replace(librarian.library, budget_bytes=400_000)

    with pytest.raises(DiskFullError, match=r"the budget is 0\.000373 GiB .*other models take 0"):
        replace(librarian, library=bounded).bring(replace(WANTED, source="org/other"))
    assert replace(librarian, library=bounded).bring(WANTED).is_dir()


def test_a_disk_that_fills_up_midway_keeps_what_came(librarian, library):
    growing = library.entry(ID, None) / "files/model.safetensors.partial"

    def fill(folder):
        growing.parent.mkdir(parents=True)
        growing.symlink_to("/dev/full")  # whatever is written there, the disk is full
        return 2**40

    with pytest.raises(DiskFullError, match=r"is full at 'model.safetensors'; what came is kept"):
        replace(librarian, free_bytes=fill).bring(WANTED)

    growing.unlink()
    assert (growing.parent / "config.json").is_file()
    librarian.bring(WANTED)


def test_code_that_a_model_needs_is_refused_by_the_key_that_allows_it(hub, librarian, model):
    config = {"model_type": "quite_unheard_of", "auto_map": {"AutoConfig": "modeling_own.Config"}}
    hub.put(ID, {**model, "config.json": json.dumps(config).encode()})

    with pytest.raises(ModelError, match=r"asks to run 'modeling_own.Config'.*trust_remote_code"):
        librarian.bring(WANTED)

    folder = librarian.bring(replace(WANTED, allows_code=True))
    assert (folder / "modeling_own.py").read_bytes() == model["modeling_own.py"]


# What goes well.


def test_what_an_engine_reads_is_fetched_and_nothing_else(librarian, library, names_in, model):
    folder = librarian.bring(WANTED)

    fetched = {"config.json", WEIGHTS, "tokenizer.json", "1_Pooling/config.json", "README.md"}
    assert names_in(folder) == fetched
    assert all((folder / name).read_bytes() == model[name] for name in fetched)
    manifest = library.manifest(ID, None)
    assert (manifest.state, manifest.commit, manifest.source) == ("verified", COMMIT, ID)
    assert library.snapshot(ID, None) == folder


def test_what_was_verified_is_had_without_asking_the_hub(hub, librarian, library):
    folder = librarian.bring(WANTED)
    hub.asked.clear()

    offline = replace(librarian, library=replace(library, is_offline=True))

    assert offline.bring(WANTED) == librarian.bring(WANTED) == folder
    assert hub.asked == []


def test_a_branch_stays_at_the_commit_that_was_verified(hub, librarian, model):
    librarian.bring(WANTED)
    hub.put(ID, {**model, "tokenizer.json": b"[]"}, commit=LATER)
    hub.branches["main"] = LATER

    assert (librarian.bring(WANTED) / "tokenizer.json").read_bytes() == b"{}"
    pinned = librarian.bring(replace(WANTED, revision=LATER))
    assert (pinned / "tokenizer.json").read_bytes() == b"[]"


def test_pieces_of_another_commit_do_not_become_its_beginning(hub, librarian, model):
    hub.breaks[WEIGHTS] = [1000, 0, 0, 0, 0]
    with pytest.raises(TransferError):
        librarian.bring(WANTED)
    later = {**model, WEIGHTS: model[WEIGHTS][:-1] + b"\x02"}
    hub.put(ID, later, commit=LATER)
    hub.branches["main"] = LATER

    assert (librarian.bring(WANTED) / WEIGHTS).read_bytes() == later[WEIGHTS]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_transfer_goes_on_where_it_ended(hub, librarian, model, knows_ranges):
    hub.breaks[WEIGHTS] = [100_000, 100_000] if knows_ranges else [100_000]
    hub.knows_ranges = knows_ranges

    folder = librarian.bring(WANTED)

    assert (folder / WEIGHTS).read_bytes() == model[WEIGHTS]
    twice = hub.num_bytes_sent[WEIGHTS] - len(model[WEIGHTS])
    assert twice == (0 if knows_ranges else 100_000)


def test_a_server_that_is_busy_is_asked_again(hub, librarian, pauses):
    hub.refusals[WEIGHTS] = [503, 429]

    librarian.bring(WANTED)

    assert pauses == [0.5, 1.0]


def test_a_file_that_was_touched_is_verified_and_if_need_be_fetched_anew(hub, librarian, model):
    folder = librarian.bring(WANTED)
    (folder / WEIGHTS).write_bytes(model[WEIGHTS][:-1] + b"\x01")

    with pytest.raises(WeightsError, match="hashes to"):
        librarian.bring(WANTED)

    assert (librarian.bring(WANTED) / WEIGHTS).read_bytes() == model[WEIGHTS]


def test_verifying_reads_every_byte(librarian):
    folder = librarian.bring(WANTED)
    assert librarian.verify(WANTED).state == "verified"
    path = folder / WEIGHTS
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(WeightsError, match="hashes to"):
        librarian.verify(WANTED)


def cached(tmp_path, model, *, spoilt: bool = False):
    """The hub's own cache with this model, as its client leaves it."""
    home = tmp_path / "hf/hub/models--org--model"
    snapshot = home / "snapshots" / COMMIT
    (home / "blobs").mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs/main").write_text(COMMIT)
    for name, content in model.items():
        blob = home / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content[:-1] + b"\x09" if spoilt and name == WEIGHTS else content)
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).symlink_to(blob)
    return snapshot


@pytest.mark.parametrize("is_offline", [True, False])
def test_a_snapshot_of_the_hubs_own_cache_is_verified_and_used(
    tmp_path, hub, librarian, library, model, is_offline
):
    snapshot = cached(tmp_path, model)

    reader = replace(librarian, library=replace(library, is_offline=is_offline))

    assert reader.bring(WANTED) == snapshot
    assert not hub.num_bytes_sent
    assert library.manifest(ID, None).commit == COMMIT


def test_a_spoilt_snapshot_is_fetched_anew_and_left_alone(tmp_path, librarian, library, model):
    snapshot = cached(tmp_path, model, spoilt=True)

    folder = librarian.bring(WANTED)

    assert folder.is_relative_to(library.folder)
    assert (snapshot / WEIGHTS).read_bytes() != model[WEIGHTS]


def test_a_spoilt_snapshot_is_refused_offline(tmp_path, librarian, library, model):
    cached(tmp_path, model, spoilt=True)

    with pytest.raises(WeightsError, match="its source says"):
        replace(librarian, library=replace(library, is_offline=True)).bring(WANTED)


def test_the_cache_helps_while_the_hub_is_away(tmp_path, librarian, library, model, caplog):
    snapshot = cached(tmp_path, model)
    away = replace(library, hub_url="http://127.0.0.1:9")

    assert replace(librarian, library=away).bring(WANTED) == snapshot
    assert "does not tell of model 'org/model'" in caplog.text


def test_offline_what_was_never_fetched_says_what_to_do(librarian, library):
    with pytest.raises(ModelError, match=r"ORCHESTRATOR_OFFLINE is set: run `orchestrator models"):
        replace(librarian, library=replace(library, is_offline=True)).bring(WANTED)


PULL = """
import os, sys
from orchestrator.checkpoints.librarian import Librarian
from orchestrator.checkpoints.library import Library
from orchestrator.checkpoints.sources import Wanted
from orchestrator.registry.weights import read_checkpoint

librarian = Librarian(library=Library.of(os.environ), inspect=read_checkpoint)
print(librarian.bring(Wanted(expert_id="maths", source=sys.argv[1])))
"""


def start_pulling(environ):
    command = [sys.executable, "-c", PULL, ID]
    return subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE)


def test_two_processes_fetch_a_model_once(hub, environ, model):
    hub.holds[WEIGHTS] = 0
    with start_pulling(environ) as one, start_pulling(environ) as other:
        assert hub.is_holding.wait(60)
        hub.may_send.set()
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]

    assert [one.returncode, other.returncode] == [0, 0]
    assert outputs[0] == outputs[1]
    assert hub.num_bytes_sent[WEIGHTS] == len(model[WEIGHTS])


def test_a_killed_process_is_gone_on_from_without_a_byte_fetched_twice(
    hub, environ, librarian, model
):
    hub.breaks[WEIGHTS] = [200_000]
    hub.holds[WEIGHTS] = 1  # its second request: what the first brought is on disk by then
    with start_pulling(environ) as process:
        assert hub.is_holding.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    del hub.holds[WEIGHTS]

    folder = librarian.bring(WANTED)

    assert (folder / WEIGHTS).read_bytes() == model[WEIGHTS]
    assert hub.num_bytes_sent[WEIGHTS] == len(model[WEIGHTS])
    hub.may_send.set()
