"""What is kept of weights between processes."""

import stat

from orchestrator.engines.canary import Canary, Conditions, stored_canary
from orchestrator.engines.notes import Notebook, keep_canary
from orchestrator.engines.weights import fingerprint
from tests.unit.engines.checkpoints import write_model

HERE = Conditions(vllm="0.32.0", dtype="float32", device="cpu")
THERE = HERE.model_copy(update={"device": "cuda"})
CANARY = Canary(conditions=HERE, prompt_token_ids=(1,), token_ids=(2,), logprobs=(-0.5,))


def test_a_file_of_no_sense_is_written_anew_and_said_so(tmp_path, caplog):
    (tmp_path / "w.json").write_text("{")
    notebook = Notebook(tmp_path)

    notebook.add_canary("w", CANARY)

    assert "is no file of notes and is written anew" in caplog.text
    assert Notebook(tmp_path).read("w").canary(HERE) == CANARY


def test_a_folder_that_cannot_be_written_costs_the_notes_alone(tmp_path, caplog):
    (tmp_path / "file").touch()

    Notebook(tmp_path / "file/notes").add_canary("w", CANARY)

    assert "what was learnt is lost" in caplog.text


def test_a_canary_of_a_folder_that_cannot_be_written_goes_to_the_notes(tmp_path, caplog):
    folder, notebook = write_model(tmp_path / "model"), Notebook(tmp_path / "notes")
    # Of a root user every folder can be written; a link that leads nowhere cannot.
    (folder / "canary.json").symlink_to(tmp_path / "lost/canary.json")

    keep_canary(folder, CANARY, notebook)

    assert notebook.read(fingerprint(folder)).canary(HERE) == CANARY
    assert "the canary is kept in the notes" in caplog.text


def test_a_canary_of_a_folder_that_can_be_written_lies_beside_the_weights(tmp_path):
    folder, notebook = write_model(tmp_path / "model"), Notebook(tmp_path / "notes")

    keep_canary(folder, CANARY, notebook)

    assert stored_canary(folder, HERE) == CANARY
    assert not (tmp_path / "notes").exists()


def test_canaries_are_kept_by_weights_and_conditions(tmp_path):
    notebook = Notebook(tmp_path / "notes")
    notebook.add_canary("w", CANARY)
    notebook.add_canary("w", CANARY.model_copy(update={"conditions": THERE}))
    again = CANARY.model_copy(update={"logprobs": (-0.25,)})
    notebook.add_canary("w", again)

    notes = notebook.read("w")

    assert notes.canary(HERE) == again
    assert notes.canary(THERE).conditions == THERE
    assert notebook.read("other").canary(HERE) is None
    assert len(notes.canaries) == 2


def test_the_mean_of_loads_follows_the_newest(tmp_path):
    notebook = Notebook(tmp_path)
    for seconds in (10.0, 20.0):
        notebook.add_load("w", "reload", conditions=HERE, seconds=seconds)
    notebook.add_load("w", "start", conditions=HERE, seconds=30.0)

    reload, start = sorted(notebook.read("w").loads, key=lambda load: load.kind)

    # The second counts for three tenths: from 10 toward 20.
    assert (reload.mean_s, reload.last_s, reload.num_loads) == (13.0, 20.0, 2)
    assert (start.mean_s, start.num_loads) == (30.0, 1)


def test_no_draft_is_left_behind(tmp_path):
    notebook = Notebook(tmp_path)
    notebook.add_canary("w", CANARY)

    names = {path.name for path in tmp_path.iterdir() if stat.S_ISREG(path.stat().st_mode)}

    assert names - {"w.lock"} == {"w.json"}
