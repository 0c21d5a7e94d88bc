"""From what a model replied to the skills of a question.

Source: Symbolic-MoE, Chen 2025, arXiv:2503.05641: several samples, split at commas, lower-case,
stripped, names over 20 characters dropped, those kept that occur more than once. We differ: a
name counts once a sample, since one that a single sample repeats was agreed by nobody; a line
break parts names as a comma does; `none` is how a model says that it knows none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .base import RouterError

#: Longer ones are sentences.
MAX_CHARS = 20
#: What models put around names.
_EDGES = " \t\r.;:*_`'\"()[]-\u2022"
_BREAK = re.compile(r"[,\n]")
_NONE = "none"


def names_in(reply: str) -> tuple[str, ...]:
    """The skills that one reply names, each once, in its order."""
    found = (part.strip(_EDGES).lower() for part in _BREAK.split(reply))
    return tuple(dict.fromkeys(name for name in found if _is_name(name)))


def agreed_names(replies: Sequence[str], *, min_samples: int = 2) -> tuple[str, ...]:
    """The skills that `min_samples` replies or more name, most agreed first.

    Of two that are named as often the one that was named first stands first. Empty where nothing
    is agreed: what to do then is its reader's to say.

    Args:
        replies: what samples of one prompt said.
        min_samples: replies that must name a skill.

    Raises:
        RouterError: `min_samples` is under one.
    """
    if min_samples < 1:
        raise RouterError(f"min_samples is {min_samples}; a name occurs once at least")
    counts = Counter(name for reply in replies for name in names_in(reply))
    return tuple(name for name, count in counts.most_common() if count >= min_samples)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_CHARS and name != _NONE
