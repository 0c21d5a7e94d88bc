from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.residency.policy import (
    Add,
    Admit,
    Expire,
    HostState,
    Swap,
    Ticket,
    Wait,
    arrival_order,
    retry_after_s,
)

EXPERTS = st.sampled_from(["maths", "french", "code"])
#: Adapters by the expert whose weights they are on.
ADAPTERS = {"maths": ("formal", "curt", "long"), "french": ("vite",)}
ALL_ADAPTERS = [adapter for on_it in ADAPTERS.values() for adapter in on_it]


def ticket(id_: int, expert: str, *, arrived_s: float = 0.0, deadline_s: float | None = None):
    return Ticket(id=id_, expert=expert, arrived_s=arrived_s, deadline_s=deadline_s)


def host(resident: str | None, *, capacity: int = 8, swapping_to: str | None = None, **in_flight):
    return HostState(
        residents=(resident,) if resident else (),
        in_flight=in_flight,
        capacity=capacity,
        swapping_to=swapping_to,
    )


def test_the_head_runs_when_its_expert_is_resident():
    action = arrival_order(host("maths", maths=1), [ticket(1, "maths")], now_s=0)

    assert action == Admit(ticket_id=1)


def test_the_host_is_drained_before_it_swaps():
    queue = [ticket(1, "french")]

    assert arrival_order(host("maths", maths=1), queue, now_s=0) == Wait()
    assert arrival_order(host("maths"), queue, now_s=0) == Swap(expert="french")


def test_later_tickets_of_the_resident_expert_do_not_overtake_the_head():
    queue = [ticket(1, "french"), ticket(2, "maths")]

    assert arrival_order(host("maths", maths=1), queue, now_s=0) == Wait()


def test_a_full_engine_takes_no_more():
    action = arrival_order(host("maths", capacity=2, maths=2), [ticket(1, "maths")], now_s=0)

    assert action == Wait()


def test_nothing_is_admitted_or_swapped_during_a_swap():
    action = arrival_order(host(None, swapping_to="maths"), [ticket(1, "maths")], now_s=0)

    assert action == Wait()


def test_a_ticket_expires_at_its_deadline_wherever_it_stands():
    queue = [ticket(1, "french"), ticket(2, "maths", deadline_s=5)]

    assert arrival_order(host("maths", maths=1), queue, now_s=4.9) == Wait(until_s=5)
    assert arrival_order(host("maths", maths=1), queue, now_s=5) == Expire(ticket_id=2)


def test_the_estimate_is_what_waiting_takes_now_and_a_second_at_least():
    assert retry_after_s([], now_s=9, last_wait_s=0.1) == 1
    assert retry_after_s([ticket(1, "maths", arrived_s=2)], now_s=9, last_wait_s=3) == 9 - 2
    assert retry_after_s([ticket(1, "maths", arrived_s=8)], now_s=9, last_wait_s=3) == 3


def with_adapters(*residents: str, max_adapters: int = 2, **in_flight: int) -> HostState:
    return HostState(
        residents=residents,
        adapters=ADAPTERS["maths"],
        max_adapters=max_adapters,
        in_flight=in_flight,
        capacity=8,
    )


def test_an_adapter_is_added_beside_what_is_in_flight():
    action = arrival_order(with_adapters("maths", maths=3), [ticket(1, "curt")], now_s=0)

    assert action == Add(expert="curt")


def test_weights_and_the_adapters_on_them_run_together():
    state = with_adapters("maths", "curt", maths=1, curt=1)

    assert arrival_order(state, [ticket(1, "maths")], now_s=0) == Admit(ticket_id=1)
    assert arrival_order(state, [ticket(1, "curt")], now_s=0) == Admit(ticket_id=1)


def test_where_all_are_taken_the_least_recently_used_idle_adapter_makes_room():
    queue = [ticket(1, "long")]

    of_two_idle = arrival_order(with_adapters("formal", "curt", "maths", maths=1), queue, now_s=0)
    of_one_idle = arrival_order(with_adapters("formal", "curt", "maths", formal=1), queue, now_s=0)

    assert of_two_idle == Add(expert="long", instead_of="formal")
    assert of_one_idle == Add(expert="long", instead_of="curt")


def test_where_all_adapters_answer_calls_the_head_waits_and_none_overtakes_it():
    queue = [ticket(1, "long"), ticket(2, "maths")]
    state = with_adapters("maths", "curt", "formal", curt=1, formal=2)

    assert arrival_order(state, queue, now_s=0) == Wait()


def test_an_adapter_on_other_weights_waits_until_the_host_is_drained():
    queue = [ticket(1, "vite")]

    assert arrival_order(with_adapters("maths", curt=1), queue, now_s=0) == Wait()
    assert arrival_order(with_adapters("maths"), queue, now_s=0) == Swap(expert="vite")


class Simulation:
    """A host that does as the policy says; calls end when told to."""

    def __init__(self, arrivals, capacity, max_adapters):
        self.queue = {i: ticket(i, expert) for i, expert in enumerate(arrivals)}
        self.capacity, self.max_adapters = capacity, max_adapters
        self.base, self.added = None, []
        self.running, self.admitted = [], []

    def settle(self):
        while not isinstance(action := self.decide(), Wait):
            self.carry_out(action)

    def decide(self):
        state = HostState(
            residents=(self.base, *self.added) if self.base else (),
            adapters=ADAPTERS.get(self.base, ()),
            max_adapters=self.max_adapters,
            in_flight=Counter(t.expert for t in self.running),
            capacity=self.capacity,
        )
        return arrival_order(state, self.queue.values(), now_s=0)

    def carry_out(self, action):
        match action:
            case Swap(expert=expert):
                assert not self.running
                bases = [base for base, on_it in ADAPTERS.items() if expert in on_it]
                self.base, self.added = (bases or [expert])[0], [expert] if bases else []
            case Add(expert=expert, instead_of=idle):
                assert idle not in {t.expert for t in self.running}
                assert expert in ADAPTERS[self.base]
                self.added = [one for one in self.added if one != idle] + [expert]
                assert len(self.added) <= self.max_adapters
            case Admit(ticket_id=ticket_id):
                admitted = self.queue.pop(ticket_id)
                assert admitted.expert in (self.base, *self.added)
                self.running.append(admitted)
                self.admitted.append(admitted.id)


@given(
    arrivals=st.lists(st.sampled_from(["maths", "french", *ALL_ADAPTERS]), max_size=30),
    capacity=st.integers(1, 4),
    max_adapters=st.integers(1, 3),
    data=st.data(),
)
def test_every_ticket_runs_once_in_order_on_its_own_expert(arrivals, capacity, max_adapters, data):
    simulation = Simulation(arrivals, capacity, max_adapters)

    simulation.settle()
    while simulation.running:
        index = data.draw(st.integers(0, len(simulation.running) - 1))
        simulation.running.pop(index)
        simulation.settle()

    assert simulation.admitted == list(range(len(arrivals)))
    assert not simulation.queue


@given(
    expert=EXPERTS,
    resident=st.none() | EXPERTS,
    num_running=st.integers(0, 3),
    deadlines=st.lists(st.none() | st.floats(0, 10), max_size=10),
)
def test_an_idle_host_never_waits_while_somebody_does(expert, resident, num_running, deadlines):
    queue = [ticket(i, expert, deadline_s=at) for i, at in enumerate(deadlines)]
    in_flight = {resident: num_running} if resident and num_running else {}
    residents = (resident,) if resident else ()
    state = HostState(residents=residents, in_flight=in_flight, capacity=4)

    action = arrival_order(state, queue, now_s=5)

    if queue and not in_flight:
        assert not isinstance(action, Wait)
    if isinstance(action, Wait):
        assert action.until_s == min((d for d in deadlines if d is not None), default=None)
