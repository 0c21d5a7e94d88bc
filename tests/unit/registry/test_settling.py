"""When a content counts: no clock but the one passed in."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.registry.settling import Missing, Patience, Settling

PATIENCE = Patience(settle_s=0.1, doubt_s=0.3, longest_s=2.0)


def settling(content, now_s=0.0):
    return Settling(content, patience=PATIENCE, now_s=now_s)


def test_a_content_counts_once_it_stayed_a_moment():
    one = settling(b"a")

    assert one.wait_s(now_s=0.04) == 0.1 - 0.04
    assert one.wait_s(now_s=0.1) == 0


def test_another_content_starts_the_moment_anew():
    one = settling(b"a")
    one.observe(b"b", now_s=0.09)

    assert (one.content, one.wait_s(now_s=0.1) > 0, one.wait_s(now_s=0.2)) == (b"b", True, 0)


def test_empty_missing_and_faulty_contents_must_stay_longer():
    for content in (b"", b" \n", Missing(reason="gone")):
        assert settling(content).wait_s(now_s=0.2) > 0
        assert settling(content).wait_s(now_s=0.3) == 0
    assert settling(b"a").wait_s(now_s=0.2, is_faulty=True) > 0


def test_a_file_that_never_stays_is_taken_in_the_end():
    one = settling(b"0")
    for at in range(1, 41):
        one.observe(b"%d" % at, now_s=at * 0.05)

    assert one.wait_s(now_s=40 * 0.05) == 0


@given(st.lists(st.tuples(st.floats(0.001, 0.2), st.sampled_from([b"a", b"b", b""])), max_size=30))
def test_what_counts_is_what_the_file_said_last(steps):
    now_s, one, last = 0.0, settling(b"a"), b"a"
    for step_s, content in steps:
        now_s, last = now_s + step_s, content
        one.observe(content, now_s=now_s)

    assert one.content == last
    assert one.wait_s(now_s=now_s + PATIENCE.doubt_s + 1e-9) == 0
