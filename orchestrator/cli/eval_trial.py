"""The questions that `orchestrator eval` tries routers on, from files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.registry.loader import load
from orchestrator.registry.models import Registry
from orchestrator.routing.expert_costs import registry_costs, with_seconds
from routers.base import RouterError
from routers.cost_files import read_costs
from routers.dataset_files import of_split, read_examples, read_outcomes
from routers.datasets import Example, Outcome, answered, data_sha256
from routers.labelled import labelled_trial
from routers.spending import Costs
from routers.trial import NOT_STATED, Trial, trial_of

#: Where there is neither registry nor outcome: who is sent what belongs to no category.
GENERAL = "generalist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The files of a trial."""

    questions: Sequence[Path]
    #: Empty where labels alone say who is right.
    outcomes: Sequence[Path]
    #: Splits to try on and to tell the best single expert by; empty where not said.
    split: str
    fit_split: str
    #: What experts cost: a table, or a registry.
    models: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trial, and what its data are known by."""

    trial: Trial
    #: Hash of all questions with their outcomes, and of those tried; empty without outcomes.
    data_hashes: frozenset[str] = frozenset()


def trial_from(
    data: Data, *, registry: Registry | None, served: Mapping[str, Collection[str]]
) -> Tried:
    """The questions that routers are tried on.

    Args:
        data: its files.
        registry: whose experts alone are candidates; any expert is where there is none.
        served: category -> experts that are right on it where no outcomes are given.

    Raises:
        RouterError: a file is no good, or leaves nothing to try.
    """
    examples = read_examples(data.questions)
    tried = of_split(examples, data.split)
    if not data.outcomes:
        return Tried(trial=_labelled(tried, registry, served))
    told = read_outcomes(data.outcomes, examples=examples)
    outcomes = _of_registry(told, registry)
    row = {example.id: i for i, example in enumerate(examples)}
    trial = trial_of(
        answered(examples, outcomes),
        outcomes,
        tried=[row[example.id] for example in tried],
        fitted=[row[example.id] for example in _fitted(examples, data)],
        stated=_costs(data, registry, examples, outcomes),
    )
    hashes = frozenset(data_sha256(answered(some, told)) for some in (examples, tried))
    return Tried(trial=trial, data_hashes=hashes)


def best_known(trial: Trial) -> str:
    """Who would answer most of the questions best, as others had shown it."""
    return trial.experts[int(trial.order[0, 0])]


def _labelled(
    tried: Sequence[Example], registry: Registry | None, served: Mapping[str, Collection[str]]
) -> Trial:
    if registry is None:
        return labelled_trial(tried, experts_by_category=served, others=[GENERAL])
    categories = {example.category for example in tried if example.category}
    if bare := sorted(categories - set(served)):
        raise RouterError(
            f"no expert of the registry has the skill {bare[0]!r} ({len(bare)} categories have "
            f"none); its skills are {sorted(served)}: add it to an expert, or give --outcomes"
        )
    experts = [one.id for one in registry.experts if not one.embeds]
    return labelled_trial(tried, experts_by_category=served, others=experts)


def _of_registry(outcomes: tuple[Outcome, ...], registry: Registry | None) -> tuple[Outcome, ...]:
    if registry is None:
        return outcomes
    known = {one.id for one in registry.experts if not one.embeds}
    kept = tuple(one for one in outcomes if one.expert in known)
    if not kept:
        told = sorted({one.expert for one in outcomes})
        raise RouterError(
            f"the outcomes are of {told}, the registry has {sorted(known)}: no expert is in both"
        )
    return kept


def _fitted(examples: Sequence[Example], data: Data) -> Sequence[Example]:
    if not data.fit_split:
        return [example for example in examples if data.split and example.split != data.split]
    if data.fit_split == data.split or not data.split:
        raise SetupError("--fit-split goes with a --split, and is another one")
    return of_split(examples, data.fit_split)


def _costs(
    data: Data,
    registry: Registry | None,
    examples: Sequence[Example],
    outcomes: Sequence[Outcome],
) -> Costs:
    if data.models is not None and data.models.suffix not in (".yaml", ".yml"):
        return with_seconds(read_costs(data.models), outcomes)
    told = load(data.models) if data.models is not None else registry
    if told is None:
        return with_seconds(NOT_STATED, outcomes)
    return registry_costs(told, examples, outcomes)
