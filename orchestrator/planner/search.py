"""Betters small plans by many small changes: simulated annealing, with a fixed seed and length."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random

from orchestrator.planner.arrangement import Arrangements, Order, Worth
from orchestrator.planner.lumps import Bundle

#: What a late request weighs beside seconds, as a multiple of the first makespan.
_LATE = 4.0
#: What a second of steps, and one of a slot's mean end, weigh beside one of the makespan.
_STEP, _MEAN = 0.02, 0.1
#: Temperatures, as shares of the first makespan.
_HOT, _COLD = 0.1, 0.005


class Search:
    """Goes from one arrangement to the next.

    Args:
        judge: of the problem's arrangements.
        bound_s: where the makespan cannot be shorter.
        steps_s: where the steps cannot take less.
    """

    def __init__(
        self, judge: Arrangements, *, bound_s: float, steps_s: float, seed: int = 7
    ) -> None:
        self._judge, self._bound_s, self._steps_s = judge, bound_s, steps_s
        self._dice = Random(seed)

    def better(self, orders: Sequence[Order], num_tries: int) -> tuple[Worth, list[Order]]:
        """The best arrangement found from `orders` on."""
        now = [list(order) for order in orders]
        judged = self._judge.worth(now)
        assert judged is not None
        best, best_orders = judged[0], now
        scale_s = max(best[1], 1e-9)
        energy = self._energy(judged, scale_s)
        for number in range(num_tries):
            if self._is_best(best):
                break
            tried = self._changed(now)
            judged = self._judge.worth(tried) if tried is not None else None
            if tried is None or judged is None:
                continue
            heat = scale_s * _HOT * (_COLD / _HOT) ** (number / num_tries)
            risen = self._energy(judged, scale_s) - energy
            if risen <= 0 or self._dice.random() < exp(-risen / heat):
                now, energy = tried, energy + risen
                if judged[0] < best:
                    best, best_orders = judged[0], tried
        return best, best_orders

    def _is_best(self, worth: Worth) -> bool:
        """Whether nothing can be better, but for the number of runs."""
        late, makespan_s, steps_s, _ = worth
        nearly = 1 + 1e-5
        in_time = makespan_s <= self._bound_s * nearly and steps_s <= self._steps_s * nearly
        return in_time and not any(late)

    def _energy(self, judged: tuple[Worth, float], scale_s: float) -> float:
        (late, makespan_s, step_s, _), mean_s = judged
        weight, total = _LATE * scale_s, 0.0
        for count in reversed(late):
            total += count * weight
            weight *= _LATE
        return total + makespan_s + _STEP * step_s + _MEAN * mean_s

    def _changed(self, orders: Sequence[Order]) -> list[Order] | None:
        """A copy with one change; `None` where the change drawn cannot be made."""
        changed = [list(order) for order in orders]
        drawn = self._dice.random()
        if drawn < 0.35:
            return self._move(changed)
        if drawn < 0.5:
            return self._swap(changed)
        if drawn < 0.65:
            return self._split(changed)
        if drawn < 0.8:
            return self._merge(changed)
        return self._shift(changed)

    def _place(self, orders: Sequence[Order]) -> tuple[int, int]:
        """A run by chance: its slot and its place there."""
        number = self._dice.randrange(sum(map(len, orders)))
        for slot, order in enumerate(orders):
            if number < len(order):
                return slot, number
            number -= len(order)
        raise AssertionError("the runs were counted")

    def _insert(self, orders: list[Order], bundle: Bundle) -> list[Order] | None:
        slot = self._dice.randrange(len(orders))
        if not self._judge.may[slot][self._judge.expert[bundle[0]]]:
            return None
        orders[slot].insert(self._dice.randint(0, len(orders[slot])), bundle)
        return orders

    def _move(self, orders: list[Order]) -> list[Order] | None:
        slot, at = self._place(orders)
        return self._insert(orders, orders[slot].pop(at))

    def _swap(self, orders: list[Order]) -> list[Order] | None:
        (one, at), (other, there) = self._place(orders), self._place(orders)
        first, second = orders[one][at], orders[other][there]
        judge = self._judge
        if not (
            judge.may[other][judge.expert[first[0]]] and judge.may[one][judge.expert[second[0]]]
        ):
            return None
        orders[one][at], orders[other][there] = second, first
        return orders

    def _split(self, orders: list[Order]) -> list[Order] | None:
        slot, at = self._place(orders)
        bundle = orders[slot][at]
        if len(bundle) < 2:
            return None
        taken = set(self._dice.sample(bundle, self._dice.randrange(1, len(bundle))))
        orders[slot][at] = tuple(call for call in bundle if call not in taken)
        return self._insert(orders, tuple(sorted(taken)))

    def _pair(self, orders: list[Order]) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Two runs of one expert and stage."""
        judge, (slot, at) = self._judge, self._place(orders)
        call = orders[slot][at][0]
        kind = judge.expert[call], judge.stage[call]
        others = [
            (other, there)
            for other, order in enumerate(orders)
            for there, bundle in enumerate(order)
            if (other, there) != (slot, at)
            and (judge.expert[bundle[0]], judge.stage[bundle[0]]) == kind
        ]
        return ((slot, at), self._dice.choice(others)) if others else None

    def _merge(self, orders: list[Order]) -> list[Order] | None:
        pair = self._pair(orders)
        if pair is None:
            return None
        (slot, at), (other, there) = pair
        orders[slot][at] = tuple(sorted(orders[slot][at] + orders[other][there]))
        del orders[other][there]
        return orders

    def _shift(self, orders: list[Order]) -> list[Order] | None:
        """Calls of one run become those of another, or two change places."""
        pair = self._pair(orders)
        if pair is None:
            return None
        (slot, at), (other, there) = pair
        giving, taking = list(orders[slot][at]), list(orders[other][there])
        if len(giving) < 2:
            return None
        call = giving.pop(self._dice.randrange(len(giving)))
        if self._dice.random() < 0.5:
            giving.append(taking.pop(self._dice.randrange(len(taking))))
        taking.append(call)
        orders[slot][at], orders[other][there] = tuple(sorted(giving)), tuple(sorted(taking))
        return orders
