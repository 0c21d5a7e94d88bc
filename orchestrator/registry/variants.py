"""The same expert in fewer bits: which variant serves where the expert itself does not fit.

Source: Yi 2023, EdgeMoE, arXiv:2308.14352. We differ: the width is chosen for the whole expert,
once a generation, by the room of the slots and the loss measured, not by layer and request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.errors import WeightsError
from orchestrator.registry.capacity import misfit
from orchestrator.registry.draft import Draft
from orchestrator.registry.engine_entry import VllmEngine
from orchestrator.registry.faults import Finding, KeyPath, shown
from orchestrator.registry.models import Expert, Slot, Variant
from orchestrator.registry.surroundings import Surroundings
from orchestrator.registry.vocabulary import vocabulary_digest
from orchestrator.registry.weights import Weights

#: What is known of the weights of an expert as it is served; `None` while they are not here.
WeightsOf = Callable[[Expert], Weights | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What serves for an expert that has variants."""

    expert_id: str
    #: `None` where the expert itself serves.
    variant: Variant | None
    #: As the engine gets it.
    served: Expert
    #: Names of the slots that it fits; none where nothing fits.
    slots: tuple[str, ...]
    #: Why none before it in the order of loss serves, one clause each.
    passed_over: tuple[str, ...] = ()
    #: Whether weights were counted that are not here to be measured.
    is_guess: bool = False

    def __str__(self) -> str:
        name = f"variant {self.variant.name!r} (loss {self.variant.loss:g})" if self.variant else ""
        where = f"on {', '.join(self.slots)}" if self.slots else "nowhere: nothing fits"
        why = f"; {'; '.join(self.passed_over)}" if self.passed_over else ""
        return f"expert {self.expert_id!r}: {name or 'it'} serves {where}{why}"


def serving(expert: Expert) -> Variant | None:
    """The variant that serves for an expert of a loaded registry, `None` where it serves itself.

    A loaded registry keeps of `variants` the one that was chosen.
    """
    return expert.variants[0] if expert.variants else None


def choose(expert: Expert, slots: Iterable[Slot], weights_of: WeightsOf) -> Choice:
    """The expert itself where a slot has room for it, else the allowed variant of least loss."""
    there = tuple(slots)
    passed_over: list[str] = []
    is_guess = False
    for variant, served in _rungs(expert):
        weights = weights_of(served)
        is_guess = is_guess or weights is None
        misfits = {slot.name: misfit(served, weights, slot) for slot in there}
        fitting = tuple(name for name, reason in misfits.items() if reason is None)
        if fitting:
            return Choice(
                expert_id=expert.id,
                variant=variant,
                served=served,
                slots=fitting,
                passed_over=tuple(passed_over),
                is_guess=is_guess,
            )
        name = f"variant {variant.name!r}" if variant else "itself"
        passed_over += [f"{name} fits no slot: {reason}" for reason in [*misfits.values()][-1:]]
    return Choice(
        expert_id=expert.id,
        variant=None,
        served=as_served(expert, None),
        slots=(),
        passed_over=tuple(passed_over),
    )


def as_served(expert: Expert, variant: Variant | None) -> Expert:
    """The expert as the engine gets it: model, type and arguments of the variant, its own id."""
    if variant is None:
        return expert.model_copy(update={"variants": ()})
    assert isinstance(expert.engine, VllmEngine), "variants of others are a fault"
    changes = {"args": {**expert.engine.args, **variant.args}}
    engine = expert.engine.model_copy(
        update=changes | ({"dtype": variant.dtype} if variant.dtype else {})
    )
    served = expert.model_copy(update={"engine": engine, "variants": (variant,)})
    if variant.model is None:
        return served
    # Revision and hashes are of the expert's own files.
    return served.model_copy(update={"model": variant.model, "revision": None, "sha256": {}})


def choices(draft: Draft, weights_of: WeightsOf) -> dict[int, Choice]:
    """What serves for each hosted expert with variants, by its position."""
    slots = tuple(draft.slots.values())
    return {
        at: choose(expert, slots, weights_of)
        for at, expert in draft.hosted.items()
        if expert.variants
    }


def with_served(draft: Draft, chosen: Mapping[int, Choice]) -> Draft:
    """The draft with each expert as it is served: what slots must have room for."""
    experts = {at: chosen[at].served if at in chosen else one for at, one in draft.experts.items()}
    return replace(draft, experts=experts)


def findings(draft: Draft, chosen: Mapping[int, Choice], where: Surroundings) -> Iterator[Finding]:
    """Everything wrong with the variants of a registry."""
    for at, expert in draft.experts.items():
        if not expert.variants:
            continue
        path: KeyPath = ("experts", at, "variants")
        if at not in chosen:
            reason = f"an expert of {expert.engine.kind} has no weights here to have variants of"
            yield Finding(path=path, reason=reason)
            continue
        yield from _of_names(path, expert)
        for number, variant in enumerate(expert.variants):
            yield from _of_variant((*path, number), variant, expert, where)
        yield from _of_losses(path, expert, chosen[at])
        if chosen[at].is_guess and expert.parameters is None:
            yield _without_size(path)


def _rungs(expert: Expert) -> Iterator[tuple[Variant | None, Expert]]:
    yield None, as_served(expert, None)
    for variant in sorted(expert.variants, key=lambda one: one.loss):
        if variant.loss <= expert.max_loss:
            yield variant, as_served(expert, variant)


def _of_names(path: KeyPath, expert: Expert) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    for number, variant in enumerate(expert.variants):
        if counts[variant.name]:
            reason = "is the name of another variant of this expert; names are unique"
            yield Finding(path=(*path, number, "name"), value=shown(variant.name), reason=reason)
        counts[variant.name] += 1


def _of_variant(
    path: KeyPath, variant: Variant, expert: Expert, where: Surroundings
) -> Iterator[Finding]:
    if as_served(expert, variant) == as_served(expert, None).model_copy(
        update={"variants": (variant,)}
    ):
        reason = "changes nothing: give it a model, a dtype or args that differ from the expert's"
        yield Finding(path=path, reason=reason)
    if variant.model is not None and expert.model is not None:
        yield from _of_vocabulary((*path, "model"), variant.model, expert, where)


def _of_vocabulary(
    path: KeyPath, model: str, expert: Expert, where: Surroundings
) -> Iterator[Finding]:
    assert expert.model is not None, "the caller has looked"
    folders = [where.model_folder(model), where.model_folder(expert.model, expert.revision)]
    try:
        digests = [vocabulary_digest(folder) for folder in folders if folder is not None]
    except WeightsError as exc:
        yield Finding(path=path, value=shown(model), reason=f"cannot be compared: {exc}")
        return
    if len(digests) == 2 and digests[0] != digests[1]:
        reason = f"has another tokenizer than {expert.model!r}: it is another expert, no variant"
        yield Finding(path=path, value=shown(model), reason=reason)


def _without_size(path: KeyPath) -> Finding:
    reason = (
        "what fits is a guess until the weights are fetched, and may then be another variant; "
        "give the expert's `parameters`"
    )
    return Finding(path=path, reason=reason, is_warning=True)


def _of_losses(path: KeyPath, expert: Expert, choice: Choice) -> Iterator[Finding]:
    """Variants that were listed and may never serve."""
    least = min(expert.variants, key=lambda one: one.loss)
    if least.loss > expert.max_loss:
        reason = (
            f"max_loss {expert.max_loss:g} lets no variant serve"
            f"{'' if choice.slots else ', and the expert itself fits no slot'}: the least loss is "
            f"{least.loss:g}, of {least.name!r}"
        )
        yield Finding(path=path, reason=reason, is_warning=True)
