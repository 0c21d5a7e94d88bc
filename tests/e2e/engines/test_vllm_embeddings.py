"""vLLM's pooling engine: MiniLM's vectors against sentence-transformers' own."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sentence_transformers import SentenceTransformer

from orchestrator.engines.base import Text
from orchestrator.engines.embedding import EmbedCall
from orchestrator.engines.lineage import lineages
from orchestrator.engines.vllm import start_vllm
from orchestrator.errors import (
    ContextTooLongError,
    EngineTimeoutError,
    InvalidRequestError,
    UnsupportedParameterError,
)
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.models import Expert
from routers.embeddings import minilm_folder

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]

ENGINE = VllmEngine(task="embed", max_model_len=256, kv_cache_gib=0.05)
TEXTS = (
    "Nairobi is the capital of Kenya.",
    "Hauptstadt? Nairobi!",
    "a",
    "word " * 250,
    "Ünïcode, 漢字 and 🙂",
)


def changed_copy(folder: Path, target: Path) -> Path:
    """The same model with one layer's weights turned round."""
    shutil.copytree(folder, target)
    tensors = load_file(target / "model.safetensors")
    name = "encoder.layer.3.output.dense.weight"
    tensors[name] = -tensors[name]
    save_file(tensors, target / "model.safetensors")
    return target


@pytest.fixture(scope="module")
def experts(tmp_path_factory) -> tuple[Expert, Expert]:
    other = changed_copy(minilm_folder(), tmp_path_factory.mktemp("weights") / "other")
    return tuple(
        Expert(id=name, model=str(folder), engine=ENGINE)
        for name, folder in (("minilm", minilm_folder()), ("other", other))
    )


@pytest.fixture(scope="module")
async def host(experts):
    (lineage,) = lineages(experts, Path("/"))
    host = await start_vllm(lineage)
    yield host
    await host.close()


@pytest.fixture(autouse=True)
async def resident(host, experts):
    """Each test begins with the first expert."""
    if [one.id for one in host.residents] != ["minilm"]:
        await host.become(experts[0])


def call(*texts: str, expert: str = "minilm", **more) -> EmbedCall:
    inputs = tuple(Text(text=text) for text in texts)
    return EmbedCall(id="e", expert=expert, generation=1, **({"inputs": inputs} | more))


def own_vectors(folder: str, texts: tuple[str, ...]) -> np.ndarray:
    return SentenceTransformer(folder, device="cpu", local_files_only=True).encode(list(texts))


async def test_vectors_equal_sentence_transformers_own(host, experts):
    vectors = await host.embed(call(*TEXTS))

    cosines = np.sum(vectors.values * own_vectors(experts[0].model, TEXTS), axis=1)
    assert vectors.values.shape == (5, 384)
    assert cosines.min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(vectors.values, axis=1), 1, atol=1e-5)
    assert vectors.num_tokens > 250


async def test_token_ids_give_the_vector_of_their_text(host):
    ids = (101, 7592, 2088, 102)  # [CLS] hello world [SEP]

    of_ids = await host.embed(call(inputs=(Text(token_ids=ids),)))
    of_text = await host.embed(call("hello world"))

    np.testing.assert_allclose(of_ids.values, of_text.values, atol=1e-5)
    assert of_ids.num_tokens == of_text.num_tokens == 4


async def test_many_inputs_of_many_callers_keep_their_order(host):
    texts = [f"question number {number}" for number in range(150)]

    first, second = await asyncio.gather(
        host.embed(call(*texts)), host.embed(call(*reversed(texts)))
    )

    np.testing.assert_allclose(first.values, second.values[::-1], atol=1e-5)
    assert host.num_unfinished == 0


@pytest.mark.parametrize(
    ("asked", "error", "sentence"),
    [
        (call("a", "word " * 300), ContextTooLongError, r"'input\[1\]' has 302 tokens.* 256"),
        (call(inputs=(Text(token_ids=(1,) * 257),)), ContextTooLongError, "'input' has 257"),
        (call(inputs=(Text(token_ids=(30_522,)),)), InvalidRequestError, "ends at 30521"),
        (call("a", dimensions=128), UnsupportedParameterError, "128 dimensions, only 384"),
    ],
    ids=["text too long", "ids too long", "unknown id", "dimensions"],
)
async def test_what_the_model_cannot_take_is_refused(host, asked, error, sentence):
    with pytest.raises(error, match=sentence):
        await host.embed(asked)
    assert host.num_unfinished == 0


async def test_its_own_length_may_be_asked_for(host):
    assert (await host.embed(call("a", dimensions=384))).values.shape == (1, 384)


async def test_a_caller_that_gives_up_frees_its_requests(host):
    asked = replace(call(*TEXTS[3:4] * 200), timeout_s=0.2)

    with pytest.raises(EngineTimeoutError, match="did not embed 200 input"):
        await host.embed(asked)

    assert host.num_unfinished == 0


async def test_a_sibling_embeds_with_its_own_weights_and_back(host, experts):
    texts = TEXTS[:2]
    before = await host.embed(call(*texts))

    await host.become(experts[1])
    swapped = await host.embed(call(*texts, expert="other"))
    await host.become(experts[0])
    after = await host.embed(call(*texts))

    assert np.sum(swapped.values * before.values, axis=1).max() < 0.99
    np.testing.assert_allclose(swapped.values, own_vectors(experts[1].model, texts), atol=1e-4)
    np.testing.assert_allclose(after.values, before.values, atol=1e-5)
