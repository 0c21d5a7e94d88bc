from hypothesis import given
from hypothesis import strategies as st

from orchestrator.residency.policy import (
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


def ticket(id_: int, expert: str, *, arrived_s: float = 0.0, deadline_s: float | None = None):
    return Ticket(id=id_, expert=expert, arrived_s=arrived_s, deadline_s=deadline_s)


def host(resident: str | None, *, capacity: int = 8, swapping_to: str | None = None, **in_flight):
    return HostState(
        resident=resident, in_flight=in_flight, capacity=capacity, swapping_to=swapping_to
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


class Simulation:
    """A host that does as the policy says; calls end when told to."""

    def __init__(self, arrivals, capacity):
        self.queue = {i: ticket(i, expert) for i, expert in enumerate(arrivals)}
        self.capacity, self.resident = capacity, None
        self.running, self.admitted = [], []

    def settle(self):
        while not isinstance(action := self.decide(), Wait):
            self.carry_out(action)

    def decide(self):
        in_flight = {t.expert: 0 for t in self.running}
        for running in self.running:
            in_flight[running.expert] += 1
        state = HostState(resident=self.resident, in_flight=in_flight, capacity=self.capacity)
        return arrival_order(state, self.queue.values(), now_s=0)

    def carry_out(self, action):
        if isinstance(action, Swap):
            assert not self.running
            self.resident = action.expert
        else:
            admitted = self.queue.pop(action.ticket_id)
            assert admitted.expert == self.resident
            self.running.append(admitted)
            self.admitted.append(admitted.id)


@given(arrivals=st.lists(EXPERTS, max_size=30), capacity=st.integers(1, 4), data=st.data())
def test_every_ticket_runs_once_in_order_on_its_own_expert(arrivals, capacity, data):
    simulation = Simulation(arrivals, capacity)

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
    state = HostState(resident=resident, in_flight=in_flight, capacity=4)

    action = arrival_order(state, queue, now_s=5)

    if queue and not in_flight:
        assert not isinstance(action, Wait)
    if isinstance(action, Wait):
        assert action.until_s == min((d for d in deadlines if d is not None), default=None)
