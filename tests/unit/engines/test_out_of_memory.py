import pytest

from orchestrator.engines.out_of_memory import out_of_memory

#: As vLLM 0.32.0, PyTorch and the C library say it.
SHORT = {
    "a tensor": "Call to collective_rpc method failed: CUDA out of memory. Tried to allocate 224.00"
    " MiB. GPU 0 has a total capacity of 79.11 GiB of which 31.88 MiB is free.",
    "pinned host memory": "Call to sleep method failed: CUDA error: out of memory\nCUDA kernel ...",
    "vLLM's pool": "Call to wake_up method failed: Worker failed with error 'CUDA Error: out of "
    "memory at /workspace/csrc/cumem_allocator.cpp:131', please check the stack trace above",
    "a start": "Free memory on device cuda:0 (3.10/79.11 GiB) on startup is less than desired GPU "
    "memory utilization (0.92, 72.78 GiB). Decrease GPU memory utilization or reduce GPU memory",
    "a start on a CPU": "Available memory on node 0 (1.20/15.6 GiB) on kv cache allocation is less "
    "than requested memory for kv (8.0 GiB). Decrease --kv-cache-memory-bytes",
    "AMD": "HIP out of memory. Tried to allocate 2.00 GiB.",
    "the C library": "OSError: [Errno 12] Cannot allocate memory",
}
OTHER = {
    "a context": "To serve at least one request with the model's max seq len (4096), (2.0 GiB KV "
    "cache is needed, which is larger than the available KV cache memory (1.0 GiB).",
    "an illegal access": "CUDA error: an illegal memory access was encountered",
    "a dead engine": "EngineCore encountered an issue. See stack trace (above) for the root cause.",
    "nothing": "",
}


@pytest.mark.parametrize("text", SHORT.values(), ids=SHORT)
def test_too_little_memory_is_told_by_its_words(text):
    assert out_of_memory(text)


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_other_failures_are_not_taken_for_it(text):
    assert out_of_memory(text) is None


def test_what_is_shown_is_short():
    assert out_of_memory(SHORT["vLLM's pool"]) == "CUDA Error: out of memory"
