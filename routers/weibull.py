"""A mixture of two Weibull distributions, fitted to few positive numbers by maximum likelihood.

Source: the pruning of RPC, Zhou 2025, arXiv:2502.00511, whose released code starts at weight 0.5
and shapes and scales (1, 1) and (1.5, 2), with the weight within 0.2 to 0.8. We differ: the
gradient is given, the likelihood is computed by logarithms, and shapes are bounded, since a
component that shrinks to one number makes it grow without bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Values = NDArray[np.float64]

#: Weight of the first component, then shape and scale of either.
_START = (0.5, 1.0, 1.0, 1.5, 2.0)
_LEAST, _MAX_SHAPE = 0.01, 200.0
_BOUNDS = ((0.2, 0.8), (_LEAST, _MAX_SHAPE), (_LEAST, None), (_LEAST, _MAX_SHAPE), (_LEAST, None))
#: What is smaller counts as this: the logarithm of zero is no number.
_TINY = 1e-12
_MAX_POWER = 600.0
_MAX_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull:
    """One component."""

    shape: float
    scale: float

    @property
    def log_mean(self) -> float:
        """Logarithm of its mean, which may be too large for a number."""
        return float(np.log(self.scale) + gammaln(1 + 1 / self.shape))

    def log_density(self, values: Values) -> Values:
        """Of positive numbers: shape as given."""
        return _log_density(np.log(np.maximum(values, _TINY)), self.shape, self.scale)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Two components, told apart by their means."""

    #: Share of the high component, in [0.2, 0.8].
    weight: float
    high: Weibull
    low: Weibull

    def chance_high(self, values: Values) -> Values:
        """How likely each number is of the high component: shape as given."""
        high = np.log(self.weight) + self.high.log_density(values)
        low = np.log(1 - self.weight) + self.low.log_density(values)
        return np.asarray(1 / (1 + np.exp(np.clip(low - high, -_MAX_POWER, _MAX_POWER))))

    def log_likelihood(self, values: Values) -> float:
        """Of all numbers together."""
        high = np.log(self.weight) + self.high.log_density(values)
        low = np.log(1 - self.weight) + self.low.log_density(values)
        return float(np.logaddexp(high, low).sum())


def fit_mixture(values: Values) -> Mixture:
    """The mixture under which `values` are likeliest, near its start; the same for the same values.

    Args:
        values: shape [n], zero or more.
    """
    logs = np.log(np.maximum(values, _TINY))
    found = minimize(
        loss, _START, args=(logs,), jac=True, method="L-BFGS-B", bounds=_BOUNDS,
        options={"maxiter": _MAX_STEPS},
    ).x.tolist()  # fmt: skip
    weight, first, second = (
        found[0],
        Weibull(shape=found[1], scale=found[2]),
        Weibull(shape=found[3], scale=found[4]),
    )
    if first.log_mean < second.log_mean:
        return Mixture(weight=1 - weight, high=second, low=first)
    return Mixture(weight=weight, high=first, low=second)


def loss(parameters: Values, logs: Values) -> tuple[float, Values]:
    """Minus the log-likelihood and its gradient, shape [5].

    Args:
        parameters: weight of the first component, then shape and scale of either.
        logs: logarithms of the numbers, shape [n].
    """
    weight = parameters[0]
    first, by_shape1, by_scale1 = _log_density(logs, parameters[1], parameters[2])
    second, by_shape2, by_scale2 = _log_density(logs, parameters[3], parameters[4])
    whole = np.logaddexp(np.log(weight) + first, np.log(1 - weight) + second)
    # Of the first and the second component in each number; both over their weights.
    one, two = np.exp(first - whole), np.exp(second - whole)
    share1, share2 = weight * one, (1 - weight) * two
    gradient = np.array(
        [
            (one - two).sum(),
            (share1 * by_shape1).sum(),
            (share1 * by_scale1).sum(),
            (share2 * by_shape2).sum(),
            (share2 * by_scale2).sum(),
        ]
    )
    return -float(whole.sum()), -gradient


def _log_density(logs: Values, shape: float, scale: float) -> tuple[Values, Values, Values]:
    """Logarithm of the density, and its slopes by shape and by scale."""
    away = logs - np.log(scale)
    power = np.exp(np.minimum(shape * away, _MAX_POWER))
    density = np.log(shape) - np.log(scale) + (shape - 1) * away - power
    return density, 1 / shape + away * (1 - power), (power - 1) * shape / scale
