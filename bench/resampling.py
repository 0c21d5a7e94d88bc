"""How sure a figure is, as the routers' own evaluation says it."""

from routers.resampling import Interval, intervals

__all__ = ["Interval", "intervals"]
