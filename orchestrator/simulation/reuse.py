"""How well a trace suits a cache of experts: SRP, SCH, and the best that any cache can do.

Source: "Not All Models Suit Expert Offloading: On Local Routing Consistency of Mixture-of-Expert
Models", arXiv:2505.16056. It measures the experts of one layer over tokens; here a whole model is
the expert and a request the token, one expert a request.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence


def sch(uses: Sequence[str], *, lookahead: int, capacity: int) -> float:
    """Hit rate of a cache that evicts the expert used least in the next `lookahead` requests.

    The first use of an expert misses. Ties go to the one whose last use is longest ago.

    Args:
        uses: the expert of each request, in order.
        lookahead: `m`, the requests that are known beforehand.
        capacity: experts that the cache holds.
    """
    coming: Counter[str] = Counter(uses[1 : 1 + lookahead])
    held: dict[str, None] = {}
    num_hits = 0
    for place, expert in enumerate(uses):
        num_hits += expert in held
        held.pop(expert, None)
        if len(held) == capacity:
            del held[min(held, key=coming.__getitem__)]
        held[expert] = None
        _move_on(coming, uses, place + 1, lookahead)
    return num_hits / len(uses)


def belady(uses: Sequence[str], *, capacity: int) -> float:
    """Hit rate of the cache that evicts whatever is used again last: no cache does better.

    Args:
        uses: the expert of each request, in order.
        capacity: experts that the cache holds.
    """
    places_by_expert: dict[str, deque[int]] = {}
    for place, expert in enumerate(uses):
        places_by_expert.setdefault(expert, deque()).append(place)
    held: set[str] = set()
    num_hits = 0
    for expert in uses:
        places_by_expert[expert].popleft()
        num_hits += expert in held
        if expert not in held and len(held) == capacity:
            held.remove(max(held, key=_next_use(places_by_expert, len(uses))))
        held.add(expert)
    return num_hits / len(uses)


def srp(uses: Sequence[str], *, segment: int) -> float:
    """How well one fixed set of experts serves `segment` requests: the best F1, in [0, 1].

    A set holds every expert used at least `a` times in a segment. Hits are its uses, it pays for
    a place in each of the segment's requests, and the best `a` of each segment counts:
    `F1(a) = 2 sum_{f>=a} f / (m #{f>=a} + sum f)`. The mean is over the segments; the last is
    counted by its own length.

    Args:
        uses: the expert of each request, in order.
        segment: `m`, the requests that the set has to last for.
    """
    segments = [uses[start : start + segment] for start in range(0, len(uses), segment)]
    return sum(_best_f1(part) * len(part) for part in segments) / len(uses)


def _best_f1(part: Sequence[str]) -> float:
    best, covered = 0.0, 0
    for size, (_, times) in enumerate(Counter(part).most_common(), start=1):
        covered += times
        # A threshold takes all of equal uses or none; a part of them never scores above both.
        best = max(best, 2 * covered / (len(part) * size + len(part)))
    return best


def _move_on(coming: Counter[str], uses: Sequence[str], place: int, lookahead: int) -> None:
    """Look from `place`: what stands there is no longer to come, one more is seen at the end."""
    if place < len(uses) and lookahead > 0:
        coming[uses[place]] -= 1
    last = place + lookahead
    if lookahead > 0 and last < len(uses):
        coming[uses[last]] += 1


def _next_use(places_by_expert: dict[str, deque[int]], never: int) -> Callable[[str], int]:
    def when(expert: str) -> int:
        places = places_by_expert[expert]
        return places[0] if places else never

    return when
