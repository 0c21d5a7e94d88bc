import pytest

from orchestrator.registry.models import Expert
from tests.e2e.engines.tiny import tiny_tokenizer

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("default")]


def test_a_tokenizer_that_cuts_and_pads_does_neither_here(tmp_path):
    from orchestrator.engines.vllm_expert import load_tokenizer

    saved = tiny_tokenizer()
    saved.backend_tokenizer.enable_truncation(4)
    saved.backend_tokenizer.enable_padding(length=8)
    saved.save_pretrained(tmp_path)

    tokenizer = load_tokenizer(Expert(id="one", model=str(tmp_path)), str(tmp_path))

    lengths = [len(tokenizer.backend_tokenizer.encode(text).ids) for text in ("ab", "abcdefgh")]
    assert lengths == [2, 8]
