import pytest

from orchestrator.simulation.reuse import belady, sch, srp


def test_without_foresight_the_least_recently_used_expert_goes():
    # A and B are missed, C puts out A, A is missed: no hit.
    assert sch("ABCA", lookahead=0, capacity=2) == 0


def test_one_request_of_foresight_keeps_what_it_shows():
    # C puts out B, since A is seen to come: one hit of four.
    assert sch("ABCA", lookahead=1, capacity=2) == 1 / 4


def test_of_two_that_are_seen_the_more_used_one_stays():
    # At C: A comes twice in the next four, B once. So A stays: hits at the last two A.
    assert sch("ABCABA", lookahead=4, capacity=2) == 2 / 6


def test_everything_hits_after_its_first_use_where_all_fit():
    assert sch("ABCABC", lookahead=0, capacity=3) == 3 / 6


def test_belady_evicts_what_is_used_again_last():
    # At C: B comes again at 3, A at 4, so A goes; B hits, A is missed. LRU hits nothing here but B.
    assert belady("ABCBA", capacity=2) == 1 / 5


@pytest.mark.parametrize("lookahead", [0, 1, 3, 8])
def test_no_lookahead_beats_belady(lookahead):
    uses = "ABCDABDCCABDAABCDD"

    assert sch(uses, lookahead=lookahead, capacity=2) <= belady(uses, capacity=2)


def test_a_set_of_one_serves_a_segment_of_one_expert_fully():
    # a = 4: 2 * 4 / (4 * 1 + 4)
    assert srp("AAAA", segment=4) == 1


def test_the_best_threshold_counts():
    # a = 3: 2 * 3 / (4 * 1 + 4) = 0.75; a = 1: 2 * 4 / (4 * 2 + 4) = 0.67
    assert srp("AAAB", segment=4) == 0.75


def test_segments_count_by_their_length():
    # AAAB scores 0.75 over four requests, BB scores 1 over two.
    assert srp("AAABBB", segment=4) == pytest.approx((0.75 * 4 + 1 * 2) / 6)
