import logging
import math
import random

import pytest

from orchestrator.engines.canaries import Canaries, record_canary
from orchestrator.engines.canary import (
    Canary,
    Conditions,
    Greedy,
    check_canary,
    greedy_of_vector,
    store_canary,
    stored_canary,
)
from orchestrator.engines.notes import Notebook
from orchestrator.engines.weights import fingerprint
from orchestrator.errors import SwapError
from tests.unit.engines.checkpoints import write_model
from tests.unit.engines.tokens import byte_tokenizer

HERE = Conditions(vllm="0.32.0", dtype="float32", device="cpu")
KNOWN = Canary(conditions=HERE, prompt_token_ids=(1, 2), token_ids=(3, 4), logprobs=(-0.5, -0.25))


def greedy(*token_ids, logprobs=(-0.5, -0.25), margin=1.0) -> Greedy:
    return Greedy(token_ids=token_ids or (3, 4), logprobs=logprobs, margin=margin)


class Scripted:
    """Continues prompts by what it is given, the last again and again."""

    conditions = HERE

    def __init__(self, *continuations: Greedy) -> None:
        self._left = list(continuations)
        self.asked = []
        self.repeated = 0

    async def greedy(self, prompt_token_ids):
        self.asked.append(tuple(prompt_token_ids))
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]

    async def repeat(self, canary):
        """A load is proved by repeating what is known; only what is new is spoken."""
        self.repeated += 1
        return await self.greedy(canary.prompt_token_ids)


async def proved(canaries, engine, folder, *, is_fresh=False, notebook=None):
    await canaries.prove(
        engine,
        "maths",
        folder=folder,
        backend=byte_tokenizer(),
        is_fresh=is_fresh,
        notebook=notebook,
    )


def test_equal_tokens_and_close_scores_pass():
    check_canary("maths", KNOWN, greedy(logprobs=(-0.5005, -0.25)))


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (greedy(3, 5), r"'maths': tokens \[3, 5\] differ from the recorded \[3, 4\]"),
        (greedy(logprobs=(-0.5, -0.252)), r"differ by 0\.002, more than 0\.001"),
        (greedy(logprobs=(-0.5, float("nan"))), "differ by nan"),
    ],
)
def test_other_weights_are_refused(seen, message):
    with pytest.raises(SwapError, match=message):
        check_canary("maths", KNOWN, seen)


def test_a_canary_is_kept_for_each_condition(tmp_path):
    folder = write_model(tmp_path / "a")
    other = KNOWN.model_copy(update={"conditions": HERE.model_copy(update={"dtype": "float16"})})

    store_canary(folder, other)
    store_canary(folder, KNOWN)

    assert stored_canary(folder, HERE) == KNOWN
    assert stored_canary(folder, other.conditions) == other


def test_a_canary_of_other_weights_is_not_used_and_said_so(tmp_path, caplog):
    folder = write_model(tmp_path / "a")
    store_canary(folder, KNOWN)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")

    assert stored_canary(folder, HERE) is None
    assert "record it again" in caplog.text


def test_a_file_that_is_no_canary_is_refused(tmp_path):
    folder = write_model(tmp_path / "a")
    (folder / "canary.json").write_text("{}")

    with pytest.raises(SwapError, match=r"canary\.json is no canary file"):
        stored_canary(folder, HERE)


async def test_a_load_is_compared_with_the_stored_canary(tmp_path):
    folder = write_model(tmp_path / "a")
    store_canary(folder, KNOWN)
    engine = Scripted(greedy(9, 9))

    with pytest.raises(SwapError, match=r"differ from the recorded .*a/canary\.json.*delete that"):
        await proved(Canaries(), engine, folder)
    assert engine.asked == [(1, 2)]


@pytest.mark.parametrize(("is_fresh", "num_repeated"), [(True, 0), (False, 1)])
async def test_a_fresh_engine_speaks_and_a_reloaded_one_repeats(tmp_path, is_fresh, num_repeated):
    folder, engine = write_model(tmp_path / "a"), Scripted(greedy())
    store_canary(folder, KNOWN)

    await proved(Canaries(), engine, folder, is_fresh=is_fresh)

    assert (len(engine.asked), engine.repeated) == (1, num_repeated)


async def test_a_first_reload_is_recorded_with_a_warning_and_later_ones_compared(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    folder, canaries = write_model(tmp_path / "a"), Canaries()

    await proved(canaries, Scripted(greedy()), folder)

    assert "cannot be proved" in caplog.text
    with pytest.raises(SwapError, match="origin first_reload"):
        await proved(canaries, Scripted(greedy(9, 9)), folder)


async def test_a_fresh_start_knows_better_than_a_first_reload(tmp_path):
    folder, canaries = write_model(tmp_path / "a"), Canaries()
    await proved(canaries, Scripted(greedy(9, 9)), folder)

    await proved(canaries, Scripted(greedy()), folder, is_fresh=True)

    await proved(canaries, Scripted(greedy()), folder)


async def test_what_a_fresh_engine_gave_proves_the_loads_of_later_processes(tmp_path):
    folder, notebook = write_model(tmp_path / "a"), Notebook(tmp_path / "notes")
    await proved(Canaries(), Scripted(greedy()), folder, is_fresh=True, notebook=notebook)

    await proved(Canaries(), Scripted(greedy()), folder, notebook=notebook)

    with pytest.raises(SwapError, match=r"recorded in .*/notes/.*\.json.*delete that file"):
        await proved(Canaries(), Scripted(greedy(9, 9)), folder, notebook=notebook)


async def test_what_a_first_reload_gave_is_not_kept_for_others(tmp_path):
    folder, notebook = write_model(tmp_path / "a"), Notebook(tmp_path / "notes")

    await proved(Canaries(), Scripted(greedy()), folder, notebook=notebook)

    assert notebook.read(fingerprint(folder)).canaries == ()


async def test_a_canary_of_other_weights_proves_nothing(tmp_path):
    folder, notebook = write_model(tmp_path / "a"), Notebook(tmp_path / "notes")
    await proved(Canaries(), Scripted(greedy()), folder, is_fresh=True, notebook=notebook)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")

    await proved(Canaries(), Scripted(greedy(9, 9)), folder, is_fresh=True, notebook=notebook)


async def test_a_note_of_an_earlier_way_of_listening_refuses_nothing(tmp_path):
    folder, notebook = write_model(tmp_path / "a"), Notebook(tmp_path / "notes")
    await proved(Canaries(), Scripted(greedy()), folder, is_fresh=True, notebook=notebook)
    engine = Scripted(greedy(9, 9))
    engine.conditions = HERE.model_copy(update={"probe": 2})

    await proved(Canaries(), engine, folder, is_fresh=True, notebook=notebook)

    assert len(notebook.read(fingerprint(folder)).canaries) == 2


async def test_the_continuation_least_in_doubt_is_recorded():
    engine = Scripted(greedy(margin=0.1), greedy(5, 6, margin=2.0), greedy(margin=0.3))

    canary = await record_canary(engine, byte_tokenizer())

    assert canary.token_ids == (5, 6)
    assert canary.prompt_token_ids == engine.asked[1]


def unit_vector(seed: int, *, off_by: float = 0.0) -> list[float]:
    """A random direction of 384 numbers, each off by so much of itself."""
    draw = random.Random(seed)
    numbers = [draw.gauss(0, 1) for _ in range(384)]
    norm = math.hypot(*numbers)
    return [number / norm * (1 + off_by) for number in numbers]


@pytest.mark.parametrize(("dtype", "off_by"), [("float32", 2**-23), ("bfloat16", 2**-8)])
def test_an_embedder_is_proved_by_its_vector_in_any_precision(dtype, off_by):
    here = HERE.model_copy(update={"dtype": dtype, "task": "embed"})
    seen = greedy_of_vector(unit_vector(1))
    known = Canary(
        conditions=here, prompt_token_ids=(1,), token_ids=seen.token_ids, logprobs=seen.logprobs
    )

    check_canary("minilm", known, greedy_of_vector(unit_vector(1, off_by=off_by)))
    with pytest.raises(SwapError, match="canary of expert 'minilm'"):
        check_canary("minilm", known, greedy_of_vector(unit_vector(2)))


def test_what_embeds_and_what_generates_have_canaries_of_their_own():
    assert HERE.model_copy(update={"task": "embed"}) != HERE
    assert Conditions.model_validate({"vllm": "1", "dtype": "x", "device": "y"}).task == "generate"
