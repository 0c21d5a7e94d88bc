"""experts.yaml as a `Registry`, or everything that is wrong with it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import RegistryError
from orchestrator.registry import (
    adapters,
    answer_faults,
    answered_faults,
    arguments,
    artifacts,
    capacity,
    cascade_faults,
    counting_faults,
    fitted,
    form,
    kinship,
    limits,
    naming_faults,
    prompt_faults,
    references,
    rule_faults,
    skill_faults,
    tasks,
    upstreams,
    variants,
)
from orchestrator.registry.arguments import CheckArgs
from orchestrator.registry.document import Document, read
from orchestrator.registry.draft import Draft, draft_of, salvage
from orchestrator.registry.faults import MAX_FAULTS, Fault, Finding, first_faults
from orchestrator.registry.models import Registry
from orchestrator.registry.surroundings import Surroundings, resolved
from orchestrator.registry.variants import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of a file: a registry, or the faults that prevent one."""

    #: Folders in it are absolute.
    registry: Registry | None
    #: In the order of the file.
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    #: What serves for each expert with variants; `registry` holds the experts as they are served.
    choices: tuple[Choice, ...] = ()


def load(path: Path, *, engine_args: CheckArgs | None = None) -> Registry:
    """Read a registry that can be served.

    Args:
        path: the file.
        engine_args: checks `engine.args` against the installed vLLM; `None` leaves them unchecked.

    Raises:
        RegistryError: the file has faults; the message lists them all, one a line.
    """
    checked = check(path, engine_args=engine_args)
    if checked.registry is None:
        raise RegistryError("\n".join(str(fault) for fault in checked.faults))
    return checked.registry


def check(
    path: Path,
    *,
    engine_args: CheckArgs | None = None,
    environ: Mapping[str, str] | None = None,
) -> Checked:
    """Read a registry and say everything that is wrong with it.

    Args:
        path: the file; relative paths in it start at its folder.
        engine_args: checks `engine.args` against the installed vLLM; `None` leaves them unchecked.
        environ: environment variables, the process's own by default.
    """
    where = Surroundings(
        folder=path.absolute().parent, environ=os.environ if environ is None else environ
    )
    return check_document(read(path), where, engine_args=engine_args)


def check_document(
    document: Document, where: Surroundings, *, engine_args: CheckArgs | None = None
) -> Checked:
    """Check a parsed file: its form, then names, files, memory and arguments."""
    if document.value is None:
        return Checked(registry=None, faults=_merged(document, []) or (_no_mapping(document),))
    registry, of_form = form.validate(document.value)
    if len(of_form) >= MAX_FAULTS:
        return Checked(registry=None, faults=_merged(document, of_form))
    draft = salvage(document.value) if registry is None else draft_of(registry)
    chosen = variants.choices(
        draft, lambda one: artifacts.weights_of(one.model, where, revision=one.revision)
    )
    # A mapping that lost a faulty key may only echo it by being empty or ambiguous.
    told = {path for one in of_form for path in (one.path, one.path[:-1])}
    semantic = _semantic(draft, chosen, where, engine_args)
    found = [*of_form, *_up_to_enough(one for one in semantic if one.path not in told)]
    faults = _merged(document, [finding for finding in found if not finding.is_warning])
    warnings = tuple(document.fault(finding) for finding in found if finding.is_warning)
    if registry is None or faults:
        return Checked(registry=None, faults=faults, warnings=warnings)
    experts = tuple(variants.with_served(draft, chosen).experts.values())
    return Checked(
        registry=resolved(registry.model_copy(update={"experts": experts}), where),
        warnings=warnings,
        choices=tuple(chosen.values()),
    )


def _up_to_enough(findings: Iterable[Finding]) -> list[Finding]:
    """The first `MAX_FAULTS` faults, and the warnings among them."""
    kept: list[Finding] = []
    num_faults = 0
    for finding in findings:
        kept.append(finding)
        num_faults += not finding.is_warning
        if num_faults == MAX_FAULTS:
            break
    return kept


def _semantic(
    draft: Draft,
    chosen: Mapping[int, Choice],
    where: Surroundings,
    engine_args: CheckArgs | None,
) -> Iterator[Finding]:
    yield from references.findings(draft)
    yield from tasks.findings(draft)
    yield from answer_faults.findings(draft)
    yield from naming_faults.findings(draft)
    yield from counting_faults.findings(draft)
    yield from answered_faults.findings(draft, where)
    yield from limits.findings(draft)
    yield from prompt_faults.findings(draft, where)
    yield from rule_faults.findings(draft)
    yield from upstreams.findings(draft, environ=where.environ)
    yield from artifacts.findings(draft, where)
    yield from fitted.findings(draft, where)
    yield from skill_faults.findings(draft, where)
    yield from cascade_faults.findings(draft, where)
    yield from kinship.findings(draft, where)
    yield from adapters.findings(draft, where)
    yield from variants.findings(draft, chosen, where)
    served = variants.with_served(draft, chosen)
    yield from capacity.findings(served, artifacts.weights_by_expert(served, where))
    yield from arguments.findings(draft, engine_args)


def _merged(document: Document, findings: Iterable[Finding]) -> tuple[Fault, ...]:
    """Faults of text and content in the order of the file, the text's first where both fall."""
    told = {fault.place for fault in document.faults}
    found = [document.fault(finding) for finding in findings]
    return first_faults([*document.faults, *(fault for fault in found if fault.place not in told)])


def _no_mapping(document: Document) -> Fault:
    return document.fault(Finding(path=(), reason="a registry is a mapping with `experts`"))
