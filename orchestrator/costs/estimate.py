"""A duration that is being learned: its mean, and how far off it usually is."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Weight of one more observation. An eighth and a quarter are what TCP's timer uses (RFC 6298):
#: the mean follows a change within a dozen observations, the deviation sooner.
_MEAN_WEIGHT = 1 / 8
_DEVIATION_WEIGHT = 1 / 4
#: Deviations above the mean that a promise is made with.
SAFETY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds something takes."""

    mean_s: float
    #: Mean distance from the mean, seconds.
    deviation_s: float = 0.0
    #: Observations it stands on, of others where it has none of its own; 0 is a prior.
    num_seen: int = 0

    @property
    def safe_s(self) -> float:
        """What it is unlikely to exceed, seconds."""
        return self.mean_s + SAFETY * self.deviation_s

    def after(self, took_s: float) -> Estimate:
        """The estimate once `took_s` was observed; the first observation replaces a prior."""
        if self.num_seen == 0:
            return Estimate(mean_s=took_s, deviation_s=took_s / 4, num_seen=1)
        off_s = took_s - self.mean_s
        return replace(
            self,
            mean_s=self.mean_s + _MEAN_WEIGHT * off_s,
            deviation_s=self.deviation_s + _DEVIATION_WEIGHT * (abs(off_s) - self.deviation_s),
            num_seen=self.num_seen + 1,
        )
