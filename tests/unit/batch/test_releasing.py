from orchestrator.batch.releasing import Grant, RunLeft, SlotNow, grants


def slot(*runs: RunLeft, **given: object) -> SlotNow:
    return SlotNow(**{"name": "s", "window": 10, "runs": runs, **given})


def run(expert: str, coming: int, unstarted: int = 0, *, place: int = 0) -> RunLeft:
    return RunLeft(place=place, expert=expert, num_coming=coming, num_unstarted=unstarted)


def given(expert: str, num: int, at: int | None = 0, *, slot: str = "s") -> Grant:
    return Grant(slot=slot, expert=expert, num_calls=num, run=at)


def test_the_first_run_goes_as_far_as_the_window():
    assert grants([slot(run("a", 30))], {"a": 30}) == [given("a", 10)]


def test_what_is_out_takes_room():
    assert grants([slot(run("a", 30), num_out={"a": 7})], {"a": 30}) == [given("a", 3)]


def test_a_run_that_was_let_go_whole_lets_the_next_one_wait_behind_it():
    runs = run("a", 4), run("b", 9, place=1)

    assert grants([slot(*runs)], {"a": 4, "b": 9}) == [given("a", 4), given("b", 6, 1)]


def test_a_run_that_waits_for_calls_to_come_keeps_its_place():
    assert grants([slot(run("a", 4), run("b", 9, place=1))], {"a": 3, "b": 9}) == [given("a", 3)]


def test_a_run_that_waits_for_lines_to_begin_keeps_its_place():
    runs = run("a", 0, 2), run("b", 9, place=1)

    assert grants([slot(*runs)], {"b": 9}) == []


def test_a_full_wave_does_not_wait_for_lines_that_cannot_begin():
    runs = run("a", 0, 2), run("b", 9, place=1)

    assert grants([slot(*runs)], {"b": 9}, is_wave_full=True) == [given("b", 9, 1)]


def test_where_nothing_is_under_way_the_plan_does_not_wait_for_what_will_not_come():
    runs = run("a", 1), run("b", 9, place=1)

    assert grants([slot(*runs)], {"b": 9}, is_stuck=True) == [given("b", 9, None)]


def test_calls_that_no_plan_foresaw_go_where_they_may_once_nothing_else_does():
    only_a = slot(experts=frozenset({"a"}))

    assert grants([only_a], {"a": 1, "b": 5}, is_stuck=True) == [given("a", 1, None)]


def test_residents_answer_beside_the_plan():
    now = slot(run("b", 2), residents=frozenset({"a"}))

    assert grants([now], {"a": 3, "b": 2}) == [given("a", 3, None), given("b", 2)]


def test_nothing_rides_along_once_another_expert_was_asked_for():
    now = slot(run("b", 2), residents=frozenset({"a"}), num_out={"b": 1})

    assert grants([now], {"a": 3, "b": 2}) == [given("b", 2)]


def test_residents_leave_to_other_slots_what_these_have_in_their_plans():
    here = slot(residents=frozenset({"a"}))
    there = slot(run("a", 3), name="t")

    assert grants([here, there], {"a": 4}) == [given("a", 1, None), given("a", 3, slot="t")]


def test_an_expert_of_two_slots_is_shared_as_planned():
    slots = [slot(run("a", 6)), slot(run("a", 4, place=1), name="t")]

    assert grants(slots, {"a": 10}) == [given("a", 6), given("a", 4, 1, slot="t")]
