"""What is simulated: slots, their engines, and what each step of the ladder takes there."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.costs.prior import Bandwidths, Prior
from orchestrator.errors import SetupError
from orchestrator.simulation.batching import Pace
from orchestrator.simulation.files import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One kind of slot and the experts on it, all of one size.

    The defaults are experts of 7 B parameters in BF16 on an accelerator of 80 GB. Weights of
    13.5 GB read at 2 TB/s make a step of 6.7 ms. The key and value cache of one more answer, with
    what a kernel adds for it, is set to 50 us. 64 answers beside one another so take 10 ms a
    token, 6,500 tokens a second, which is what such a machine is known to give.

    Raises:
        SetupError: the engines of a slot do not fit its memory.
    """

    weights_gib: float = 12.6
    #: Key and value cache, graphs and buffers of one engine.
    cache_gib: float = 12.0
    device_gib: float = 74.5
    host_gib: float = 512.0
    #: Engines of a slot that serve at once, each of which can become any expert.
    engines: int = 1
    #: Engines of a slot that generate at once without slowing one another: cores of a CPU.
    lanes: int = 1
    #: Answers that one engine works on at once.
    capacity: int = 64
    pace: Pace = field(
        default_factory=lambda: Pace(
            step_s=0.0067, step_s_per_answer=0.00005, prompt_tokens_per_step=50.0
        )
    )
    bandwidths: Bandwidths = field(default_factory=Bandwidths)
    #: What weights lie on, `None` where all of them are in the page cache.
    storage: Storage | None = None

    def __post_init__(self) -> None:
        if min(self.engines, self.capacity, self.lanes) < 1:
            raise SetupError(
                f"a slot has {self.engines} engines on {self.lanes} lanes that take "
                f"{self.capacity} answers each; all must be 1 at least"
            )
        needed_gib = self.engines * (self.weights_gib + self.cache_gib)
        if needed_gib > self.device_gib:
            raise SetupError(
                f"{self.engines} engines need {needed_gib:g} GiB and a slot has "
                f"{self.device_gib:g} GiB; at most "
                f"{int(self.device_gib // (self.weights_gib + self.cache_gib))} fit"
            )

    @property
    def prior(self) -> Prior:
        """What steps take, and a first guess of what an answer does."""
        return Prior(default_gib=self.weights_gib, bandwidths=self.bandwidths)
