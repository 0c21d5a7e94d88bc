from orchestrator.simulation.batching import Accelerator, Pace

PACE = Pace(step_s=1.0, step_s_per_answer=0.5, prompt_tokens_per_step=10.0)


def ends_of(accelerator: Accelerator) -> list[tuple[int, float]]:
    """Every answer with its end, if nothing else begins."""
    ends = []
    while (end_s := accelerator.next_end_s()) is not None:
        ends.append((accelerator.end_next(now_s=end_s), end_s))
    return ends


def test_an_answer_alone_takes_its_steps():
    accelerator = Accelerator(PACE)

    accelerator.begin(1, "a", steps=4, now_s=0.0)

    assert ends_of(accelerator) == [(1, 4.0)]


def test_answers_of_one_engine_share_its_steps():
    accelerator = Accelerator(PACE)

    accelerator.begin(1, "a", steps=4, now_s=0.0)
    accelerator.begin(2, "a", steps=4, now_s=2.0)

    # Two steps are done; two more of both at 1.5 s each, then two of the second at 1 s.
    assert ends_of(accelerator) == [(1, 5.0), (2, 7.0)]


def test_engines_take_turns_on_the_accelerator():
    accelerator = Accelerator(PACE)

    accelerator.begin(1, "a", steps=2, now_s=0.0)
    accelerator.begin(2, "b", steps=3, now_s=0.0)

    # A step of each takes 2 s: two rounds, then the last step of the second alone.
    assert ends_of(accelerator) == [(1, 4.0), (2, 5.0)]


def test_time_without_answers_is_not_busy():
    accelerator = Accelerator(PACE)

    accelerator.begin(1, "a", steps=2, now_s=10.0)
    ends_of(accelerator)
    accelerator.begin(2, "a", steps=3, now_s=50.0)
    ends_of(accelerator)

    assert accelerator.busy_s == 5.0


def test_a_prompt_takes_the_time_of_a_few_tokens():
    assert PACE.steps(prompt_tokens=30, output_tokens=4) == 7


def test_engines_with_a_lane_each_do_not_slow_one_another():
    accelerator = Accelerator(PACE, lanes=2)

    accelerator.begin(1, "a", steps=2, now_s=0.0)
    accelerator.begin(2, "b", steps=3, now_s=0.0)
    accelerator.begin(3, "c", steps=3, now_s=0.0)

    # Three share two lanes: steps of 1.5 s until the first ends at 3 s, then each has its own.
    assert ends_of(accelerator) == [(1, 3.0), (2, 4.0), (3, 4.0)]
