from pathlib import Path

import pytest

from bench.gpu_models import family, write_adapter
from bench.process import BenchError
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.lora import check_adapts, read_adapter
from orchestrator.registry.weights import read_checkpoint

EXPERTS = Path(__file__).parents[3] / "deploy/demo/experts"
ENGINE = VllmEngine(max_model_len=1024, max_loras=1)


def test_two_that_are_no_siblings_are_refused(tmp_path):
    write_adapter(tmp_path / "a", EXPERTS / "capitals")
    models = [EXPERTS / "capitals", EXPERTS / "generalist"]

    with pytest.raises(BenchError, match=r"are no siblings.*give two fine-tunes of one model"):
        family(models, tmp_path / "a", ENGINE, on_cpu=False)


def test_what_the_check_starts_by_default_is_one_family_with_an_adapter(tmp_path):
    models = [EXPERTS / "capitals", EXPERTS / "french"]
    write_adapter(tmp_path / "a", models[0])

    lineage = family(models, tmp_path / "a", ENGINE, on_cpu=False)

    check_adapts(read_adapter(tmp_path / "a"), read_checkpoint(models[0]))
    assert [expert.id for expert in lineage.experts] == ["0", "1", "adapter"]
