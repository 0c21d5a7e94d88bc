from hypothesis import given
from hypothesis import strategies as st

from orchestrator.registry.composition_entry import LimitsEntry
from orchestrator.routing.limits import UNLIMITED, Limits, limits_of

NAMES = st.frozensets(st.sampled_from(["tag:a", "tag:b", "owner:c"]), max_size=3)
CAPS = st.none() | st.floats(0, 10)
LIMITS = st.builds(
    Limits,
    include=st.lists(NAMES, max_size=2).map(tuple),
    exclude=NAMES,
    max_price_usd=CAPS,
    max_latency_s=CAPS,
    max_energy_j=CAPS,
)


@given(LIMITS, LIMITS, NAMES)
def test_both_limits_bind_what_they_make_together(one, other, expert):
    both = one.tightened(other)

    is_let_in = one.why_not(expert) is None and other.why_not(expert) is None
    assert (both.why_not(expert) is None) is is_let_in
    for cap in ("max_price_usd", "max_latency_s", "max_energy_j"):
        known = [value for it in (one, other) if (value := getattr(it, cap)) is not None]
        assert getattr(both, cap) == min(known, default=None)


def test_what_a_stage_has_spent_is_not_there_for_the_next():
    limits = Limits(max_price_usd=1.0, max_energy_j=5.0)

    left = limits.after(price_usd=0.25, latency_s=2.0, energy_j=9.0)

    assert (left.max_price_usd, left.max_latency_s, left.max_energy_j) == (0.75, None, 0.0)


def test_names_of_licences_are_read_without_case_and_others_with():
    limits = limits_of(LimitsEntry(include=("license:MIT",), exclude=("tag:Beta",)))

    assert limits.why_not(frozenset({"license:mit", "tag:beta"})) is None
    assert limits.why_not(frozenset({"license:mit", "tag:Beta"})) == "excluded by tag:Beta"


def test_an_entry_that_says_nothing_binds_nobody():
    assert limits_of(LimitsEntry()) == UNLIMITED
    assert not UNLIMITED.has_caps
