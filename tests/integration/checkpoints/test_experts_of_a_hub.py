"""Experts whose models are fetched, as engines and the service see them."""

import asyncio

import pytest

from orchestrator.engines import fetched
from orchestrator.engines.lineage import lineages
from orchestrator.errors import ModelError
from orchestrator.registry.models import Expert
from tests.integration.checkpoints.hub_server import COMMIT
from tests.unit.engines.checkpoints import TENSORS, write_model

WEIGHTS = "model.safetensors"
A = Expert(id="a", model="org/a")
B = Expert(id="b", model="org/b")


@pytest.fixture
def siblings(tmp_path, hub, environ, monkeypatch):
    """Two models of one architecture on the hub, and this process pointed at it."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    put(hub, tmp_path, "a")
    put(hub, tmp_path, "b")
    return hub


def put(hub, root, name, **differences):
    folder = write_model(root / "upstream" / name, **differences)
    hub.put(f"org/{name}", {path.name: path.read_bytes() for path in folder.iterdir()})


def grouped(root, *experts):
    return [[one.id for one in lineage.experts] for lineage in lineages(experts, root)]


def test_siblings_are_recognised_before_their_weights_are_fetched(siblings, tmp_path):
    before = grouped(tmp_path, A, B)
    fetched.sketch([A, B])

    (lineage,) = lineages([A, B], tmp_path)

    assert before == [["a"], ["b"]]
    assert [one.id for one in lineage.experts] == ["a", "b"]
    assert lineage.num_weight_bytes > 0
    assert lineage.folder(A) is None
    assert fetched.doing([A, B]) is None


def test_a_lineage_is_the_same_once_its_weights_are_here(siblings, tmp_path):
    fetched.sketch([A, B])
    (before,) = lineages([A, B], tmp_path)

    fetched.bring([A, B])

    assert lineages([A, B], tmp_path) == (before,)
    assert before.holds(B.model_copy(update={"description": "changed"}))
    assert (before.folder(A) / WEIGHTS).is_file()


def test_a_sibling_with_one_tensor_missing_is_none(siblings, tmp_path):
    put(siblings, tmp_path, "c", tensors={k: v for k, v in TENSORS.items() if "layers" not in k})

    experts = [A, Expert(id="c", model="org/c")]
    fetched.sketch(experts)

    assert grouped(tmp_path, *experts) == [["a"], ["c"]]


def test_an_outline_is_a_few_kilobytes_of_weights_of_any_size(siblings, tmp_path):
    big = {"embed.weight": [4096, 4096], "lm_head.weight": [4096, 4096]}
    put(siblings, tmp_path, "big", tensors=big)
    siblings.breaks[WEIGHTS] = [64_000]  # so much fits into a socket unasked

    fetched.sketch([Expert(id="big", model="org/big")])

    assert siblings.num_bytes_sent[WEIGHTS] <= 64_000
    outline = fetched.outline_folder(Expert(id="big", model="org/big"))
    assert (outline / WEIGHTS).stat().st_size > 2**27


def test_a_source_that_does_not_answer_leaves_its_expert_alone_and_says_so(
    siblings, tmp_path, caplog
):
    lost = Expert(id="lost", model="org/lost")

    fetched.sketch([A, lost, B])

    assert grouped(tmp_path, A, lost, B) == [["a", "b"], ["lost"]]
    assert "'lost' gets an engine of its own: model 'org/lost' is not on the hub" in caplog.text


async def test_how_far_it_is_is_told_while_it_is_fetched(siblings):
    siblings.holds[WEIGHTS] = 0
    bringing = asyncio.create_task(fetched.brought([A]))
    await asyncio.to_thread(siblings.is_holding.wait, 30)

    told = fetched.doing([A, B])
    siblings.may_send.set()
    await bringing

    assert told == "fetching org/a for expert 'a': 0.00 of 0.00 GiB"
    assert fetched.doing([A]) is None


async def test_what_cannot_be_had_is_an_error_with_its_reason(siblings):
    with pytest.raises(ModelError, match="has no revision"):
        await fetched.brought([Expert(id="a", model="org/a", revision="f" * 40)])

    await fetched.brought([Expert(id="a", model="org/a", revision=COMMIT)])
