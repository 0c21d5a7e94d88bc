import pytest

from orchestrator.residency.load import Load, LoadMeter, total


class Watch:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def meter(watch) -> LoadMeter:
    return LoadMeter(clock=watch, window_s=100.0)


def test_nothing_was_asked_yet(meter):
    assert meter.load() == Load()


@pytest.mark.parametrize("seconds", [20, 100, 2000], ids=["young", "a window", "old"])
def test_a_steady_rate_is_told_as_it_is_whatever_the_age_of_the_meter(watch, meter, seconds):
    for number in range(seconds * 2):
        meter.note("maths", request=str(number))
        watch.now_s += 0.5

    assert meter.load().calls_per_s["maths"] == pytest.approx(2.0, rel=0.02)


def test_a_first_call_is_no_thousand_a_second(watch, meter):
    meter.note("maths", request="r")
    watch.now_s += 0.001

    assert meter.load().calls_per_s["maths"] <= 1.01


def test_what_is_not_asked_any_more_fades_and_is_forgotten(watch, meter):
    meter.note("maths", request="r")
    watch.now_s += 100.0
    after_one = meter.load().calls_per_s["maths"]
    watch.now_s += 100.0

    assert meter.load().calls_per_s["maths"] < after_one / 2
    watch.now_s += 2000.0
    assert meter.load() == Load()


def test_experts_of_one_requests_stages_follow_one_another_and_others_do_not(watch, meter):
    watch.now_s += 1e6  # as of an old meter, an event counts 1/100 a second
    for key, request in [("draft", "1"), ("maths", "2"), ("judge", "1"), ("judge", "1")]:
        meter.note(key, request=request)

    assert meter.load().followed_per_s == {("draft", "judge"): pytest.approx(0.01)}


def test_the_loads_of_gateways_add_up():
    one = Load(calls_per_s={"a": 1.0, "b": 2.0}, followed_per_s={("a", "b"): 0.5})
    other = Load(calls_per_s={"b": 3.0}, followed_per_s={("a", "b"): 0.25})

    assert total([one, other]) == Load(
        calls_per_s={"a": 1.0, "b": 5.0}, followed_per_s={("a", "b"): 0.75}
    )
