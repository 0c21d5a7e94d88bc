"""Which arguments the installed vLLM's engine takes, read from its source.

Importing vLLM takes 13 s and needs its accelerator; its `EngineArgs` is a dataclass whose fields
and annotations stand in one file, so the file's syntax tree says as much in a tenth of a second.
Annotations that are more than plain types are left to vLLM itself.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engines.vllm_types import ArgType, Literals, type_of
from orchestrator.registry.arguments import ArgFault
from orchestrator.registry.faults import nearest, shown

#: Arguments the service sets itself -> what to do instead.
_OWNED = {
    "model": "use the expert's `model`",
    "model_weights": "use the expert's `model`",
    "tokenizer": "the expert's own is used; put it into the model's folder",
    "tokenizer_mode": "the service tokenises by itself",
    "skip_tokenizer_init": "the service tokenises by itself",
    "tokens_only": "the service tokenises by itself",
    "served_model_name": "use the expert's `id`",
    "dtype": "use `engine.dtype`",
    "max_model_len": "use `engine.max_model_len`",
    "kv_cache_memory_bytes": "use `engine.kv_cache_gib`",
    "gpu_memory_utilization": "use `engine.kv_cache_gib`",
    "num_gpu_blocks_override": "use `engine.kv_cache_gib`",
    "tensor_parallel_size": "use `engine.tensor_parallel`",
    "data_parallel_size": "use the slot's `count`",
    "distributed_executor_backend": "the service places engines by `slots`",
    "enable_lora": "use `engine.max_loras`",
    "max_loras": "use `engine.max_loras`",
    "trust_remote_code": "use `engine.trust_remote_code`",
    "reasoning_parser": "use `engine.reasoning_parser`",
    "tool_call_parser": "use `engine.tool_parser`",
    "tool_parser": "use `engine.tool_parser`",
    "enable_sleep_mode": "the service decides when engines sleep",
    "worker_cls": "the service brings its own",
    "worker_extension_cls": "the service brings its own",
    "scheduler_cls": "the service brings its own",
    "hf_token": "set the environment variable HF_TOKEN",
}
#: Loading these formats runs whatever code a pickle holds.
_PICKLE_FORMATS = ("pt", "npcache")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineArguments:
    """The engine arguments of one version of vLLM; calling it checks `engine.args`."""

    #: Name with underscores -> what it takes.
    types: Mapping[str, ArgType]

    def __call__(self, args: Mapping[str, Any]) -> Sequence[ArgFault]:
        """Everything wrong with `args`; their names may have dashes or underscores."""
        return [fault for name, value in args.items() for fault in self._faults(name, value, args)]

    def _faults(self, name: str, value: Any, args: Mapping[str, Any]) -> Iterator[ArgFault]:
        field = field_name(name)
        if field in _OWNED:
            yield ArgFault(name=name, reason=f"{name!r} is set by the service: {_OWNED[field]}")
        elif field not in self.types:
            yield self._unknown(name)
        elif field != name and field in args:
            yield ArgFault(name=name, reason=f"given twice, as {name!r} and as {field!r}")
        elif field == "load_format" and value in _PICKLE_FORMATS:
            reason = "loads pickles, which can run code; weights are safetensors here"
            yield ArgFault(name=name, value=shown(value), reason=reason)
        elif fault := self.types[field].fault(value):
            choices = tuple(str(choice) for choice in self.types[field].choices)
            yield ArgFault(
                name=name,
                value=shown(value, key=name),
                reason=fault,
                allowed=choices,
                nearest=nearest(str(value), choices),
            )

    def _unknown(self, name: str) -> ArgFault:
        known = set(self.types) - set(_OWNED)
        reason = f"{shown(name)} is no engine argument of the installed vLLM"
        return ArgFault(name=name, reason=reason, nearest=nearest(name, known))


def field_name(name: str) -> str:
    """An argument's name as Python has it: `max-num-seqs` is `max_num_seqs`."""
    return name.replace("-", "_")


def normalised(args: Mapping[str, Any]) -> dict[str, Any]:
    """Checked `engine.args` as keyword arguments of vLLM's `AsyncEngineArgs`."""
    return {field_name(name): value for name, value in args.items()}


def installed_arguments() -> EngineArguments | None:
    """The arguments of the vLLM in this environment, `None` when there is none."""
    # Not "vllm.engine.arg_utils": looking for a submodule imports its parents.
    spec = importlib.util.find_spec("vllm")
    folders = spec.submodule_search_locations if spec is not None else None
    return arguments_in(Path(folders[0])) if folders else None


def arguments_in(package: Path) -> EngineArguments | None:
    """The arguments of the vLLM in the folder `package`, `None` when it has not the known form."""
    source = package / "engine" / "arg_utils.py"
    if not source.is_file():
        return None
    fields = dict(_fields(ast.parse(source.read_text(encoding="utf-8"))))
    literals = Literals(package / "config")
    types = {name: type_of(annotation, literals) for name, annotation in fields.items()}
    return EngineArguments(types=types) if types else None


def _fields(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name in {"EngineArgs", "AsyncEngineArgs"}:
            yield from _public_fields(node)


def _public_fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                yield name, statement.annotation
