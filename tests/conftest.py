"""Settings of every test."""

from hypothesis import settings

# A busy machine may stall any one example; how fast code is, the benches measure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
