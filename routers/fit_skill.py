"""Fits a skill router: counts by expert and skill, how far to trust them, who merges answers."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from .answers import extract
from .base import RouterError
from .canonical import text as plain_text
from .clusters import cluster_names, cluster_rows
from .consensus import confidences, consensus_grades
from .datasets import Answered, Example, Outcome
from .embeddings import Embedder, EmbedderName, Embeddings
from .merge_questions import chosen_aggregator
from .profiles import Profiles, count_answers, merge
from .recruiter import expected_accuracy, plain
from .skill_files import SkillManifest, SkillParts
from .skill_readers import Readers

SEED = 20_261_122
_NUM_FOLDS = 5
_PACKAGES = ("numpy", "safetensors", "tokenizers")
#: Questions of a cluster on average, where nobody says how many clusters there are.
_QUESTIONS_A_CLUSTER = 25
#: Their names have three digits.
MAX_CLUSTERS = 999

Scores = NDArray[np.float64]
Skills = Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a fit is given."""

    #: Questions that were asked, and scores.
    data: Answered
    #: As read; those of the aggregator's test are told by their ids.
    outcomes: Sequence[Outcome]
    #: False: experts grade one another.
    is_labelled: bool = True
    #: Where nobody named skills: so many clusters of questions. `None`: by their number.
    num_clusters: int | None = None


def fit_skill(asked: Asked, readers: Readers) -> SkillParts:
    """A router from the outcomes of one owner.

    Raises:
        RouterError: outcomes have no answers where those are needed; there is nothing to count.
    """
    data = asked.data
    scores = data.scores if asked.is_labelled else agreement(data, asked.outcomes)
    skills = skills_of(data.examples)
    are_clusters = not any(skills)
    if are_clusters:
        name, embedder = next(iter(readers.by_name.items()))
        skills, centres = clustered(data.examples, embedder, num=asked.num_clusters)
        vectors_by_name = {name: centres}
    profiles = count_answers(scores, skills, experts=data.experts, data_sha256="")
    profiles = replace(profiles, sources=sources_of(data, scores))
    if not are_clusters:
        vectors_by_name = vectors_of(profiles.skills, readers)
    metrics = left_out(data.examples, scores, skills, experts=data.experts)
    aggregator, share = chosen_aggregator(asked.outcomes)
    return _parts(
        profiles,
        vectors_by_name,
        readers,
        graded_by="labels" if asked.is_labelled else "agreement",
        are_clusters=are_clusters,
        aggregator=aggregator,
        metrics=metrics | ({} if share is None else {"aggregator_right": share}),
    )


def merge_skill(parts: Sequence[tuple[SkillManifest, Profiles]], readers: Readers) -> SkillParts:
    """One router of those that several owners fitted; none sees the questions of another.

    The best aggregator of one owner's test is kept where no other owner's test says another.

    Raises:
        RouterError: an expert was measured twice on the same data; skills of a part are clusters;
            some graded by labels, some by agreement.
    """
    manifests = [manifest for manifest, _ in parts]
    if any(manifest.are_clusters for manifest in manifests):
        raise RouterError(
            "the skills of a part are clusters of its questions, which say nothing to another "
            "owner: name the skills of its questions and fit it again"
        )
    graded = {manifest.graded_by for manifest in manifests}
    if len(graded) > 1:
        raise RouterError(
            "some parts were graded by labels and some by agreement: their counts do not add up"
        )
    profiles = merge([own for _, own in parts])
    named = {manifest.aggregator for manifest in manifests if manifest.aggregator}
    return _parts(
        profiles,
        vectors_of(profiles.skills, readers),
        readers,
        graded_by=manifests[0].graded_by,
        are_clusters=False,
        aggregator=named.pop() if len(named) == 1 else None,
        metrics={"num_parts": float(len(parts))},
    )


def skills_of(examples: Sequence[Example]) -> Skills:
    """Skills of each question as callers name them; its category where it has none."""
    return [
        tuple(plain(name) for name in example.skills or (example.category or "",) if plain(name))
        for example in examples
    ]


def sources_of(data: Answered, scores: Scores) -> dict[str, tuple[str, ...]]:
    """Hash of the questions that each expert was asked, to know them again in another part.

    Of the questions alone: who answers the same ones again was not measured on more of them.
    """
    prompts = [example.prompt.encode("utf-8", "surrogatepass") for example in data.examples]
    return {
        name: (_hash(prompts[row] for row in np.flatnonzero(~np.isnan(scores[:, column]))),)
        for column, name in enumerate(data.experts)
    }


def agreement(data: Answered, outcomes: Sequence[Outcome]) -> Scores:
    """How far each expert's answers are the consensus: shape [n_examples, n_experts].

    An answer weighs by its log-probability against those of its expert's others, where that is
    known. NaN where an expert was not asked; who was asked and gave no answer has zero.

    Raises:
        RouterError: no outcome has an answer.
    """
    row = {example.id: i for i, example in enumerate(data.examples)}
    column = {name: i for i, name in enumerate(data.experts)}
    answers: list[list[str | None]] = [[None] * len(column) for _ in row]
    was_asked = np.zeros(data.scores.shape, dtype=np.bool_)
    log_probs = np.full(data.scores.shape, np.nan)
    for outcome in outcomes:
        if outcome.sample == 0 and outcome.id in row:
            cell = row[outcome.id], column[outcome.expert]
            was_asked[cell] = True
            log_probs[cell] = np.nan if outcome.log_prob is None else outcome.log_prob
            if outcome.answer is not None:
                example = data.examples[cell[0]]
                answers[cell[0]][cell[1]] = _canonical(outcome.answer, example)
    if not any(it is not None for own in answers for it in own):
        raise RouterError(
            "no outcome has an answer that can be read: experts can only agree on answers; give "
            "outcomes with a column 'answer'"
        )
    grades = consensus_grades(answers, confidences(log_probs))
    return np.where(was_asked, grades, np.nan)


def clustered(
    examples: Sequence[Example], embedder: Embedder, *, num: int | None
) -> tuple[Skills, Embeddings]:
    """The cluster of each question as its skill, and the centres in the order of their names."""
    texts = [example.prompt for example in examples]
    wanted = num or min(MAX_CLUSTERS, max(2, round(len(texts) / _QUESTIONS_A_CLUSTER)))
    centres, labels = cluster_rows(embedder.embed(texts), num=wanted, seed=SEED)
    # Names begin with the number, in as many digits: their order is that of the centres.
    names = cluster_names(texts, labels)
    return [(names[label],) for label in labels.tolist()], centres


def vectors_of(skills: Sequence[str], readers: Readers) -> dict[EmbedderName, Embeddings]:
    """Vectors of known skills by each embedder."""
    return {name: reader.embed(list(skills)) for name, reader in readers.by_name.items()}


def left_out(
    examples: Sequence[Example], scores: Scores, skills: Skills, *, experts: Sequence[str]
) -> dict[str, float]:
    """What one call reaches on questions that were left out of the counts, and its rivals.

    Questions of one group are left out together. Empty where there are too few to leave some out.
    """
    keys = [example.group or example.id for example in examples]
    fold = np.array([zlib.crc32(f"{SEED}:{key}".encode()) % _NUM_FOLDS for key in keys])
    chosen, single = np.full((2, len(examples)), np.nan)
    for number in range(_NUM_FOLDS):
        rows, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        asked = [i for i in range(len(experts)) if not np.isnan(scores[rest, i]).all()]
        if not len(rows) or not asked:
            return {}
        known = count_answers(
            scores[rest][:, asked],
            [skills[i] for i in rest],
            experts=[experts[i] for i in asked],
            data_sha256="left out",
        )
        place = {name: i for i, name in enumerate(known.skills)}
        own = [[place[it] for it in skills[i] if it in place] for i in rows]
        table = expected_accuracy(known, own, prior_count=known.fitted_prior_count())
        columns = np.array(asked)
        chosen[rows] = scores[rows, columns[table.argmax(axis=1)]]
        single[rows] = scores[rows, columns[int(known.overall().argmax())]]
    return {
        "one_call": _mean(chosen),
        "best_single": _mean(single),
        "oracle": _mean(np.nanmax(scores, axis=1)),
        "num_questions": float(len(examples)),
    }


def _hash(texts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(it).digest() for it in sorted(texts))).hexdigest()


def _mean(values: Scores) -> float:
    return round(float(np.nanmean(values)), 4) if not np.isnan(values).all() else 0.0


def _canonical(answer: str, example: Example) -> str | None:
    found = extract(answer, example.grader) if example.grader else None
    return found or plain_text(answer)


def _parts(
    profiles: Profiles,
    vectors: Mapping[EmbedderName, Embeddings],
    readers: Readers,
    **told: object,
) -> SkillParts:
    sources = sorted({source for own in profiles.sources.values() for source in own})
    manifest = SkillManifest.model_validate(
        {
            "data_sha256": hashlib.sha256("\n".join(sources).encode()).hexdigest(),
            "seed": SEED,
            "packages": {name: version(name) for name in _PACKAGES},
            "experts": profiles.experts,
            "skills": profiles.skills,
            "prior_count": profiles.fitted_prior_count(),
            "dims": {name: rows.shape[1] for name, rows in vectors.items()},
            **told,
        }
    )
    return SkillParts(manifest=manifest, profiles=profiles, vectors=vectors, table=readers.table)
