"""What is settled together."""

from orchestrator.access.settling import joined
from orchestrator.store.meters import Settlement


def call(hold, *, key="a"):
    return Settlement(key_id=key, hold=hold, tokens=7, nano_usd=3)


def request(lease, *, key="a"):
    return Settlement(key_id=key, lease=lease)


def test_the_end_of_a_request_goes_with_the_end_of_a_call_of_its_key():
    both = Settlement(key_id="a", hold="h", tokens=7, nano_usd=3, lease="l")

    assert joined([call("h"), request("l")]) == [both]


def test_ends_of_other_keys_are_not_joined():
    apart = [request("l", key="b"), call("h")]

    assert joined([call("h"), request("l", key="b")]) == apart


def test_every_hold_and_lease_is_settled_once():
    given = [call("1"), call("2"), request("x"), call("3", key="b"), request("y"), request("z")]

    found = joined(given)

    assert sorted(one.hold for one in found if one.hold) == ["1", "2", "3"]
    assert sorted(one.lease for one in found if one.lease) == ["x", "y", "z"]
    assert len(found) == 4
