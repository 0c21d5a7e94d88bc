"""What is read out of Serve's words."""

import pytest

from orchestrator.service.serving import lacking_labels, lacking_of

#: As Serve 2.60 writes it.
WAITING = (
    "Deployment 'slot-local-2' in application 'orchestrator' has 1 replicas that have taken more "
    "than 30s to be scheduled. This may be due to waiting for the cluster to auto-scale or for a "
    'runtime environment to be installed. Resources required for each replica: {"CPU": 1.0}, '
    'total resources available: {"CPU": 0.5}. Use `ray status` for more details.'
)


def test_a_slot_that_no_node_has_room_for_says_what_is_lacking():
    assert lacking_of(WAITING) == (
        'no node has room for its worker yet: it needs {"CPU": 1.0}, and {"CPU": 0.5} is free'
    )


def test_what_serve_says_of_something_else_is_no_lack_of_room():
    assert lacking_of("") is None
    assert lacking_of("The deployment failed to start 3 times in a row.") is None


@pytest.mark.parametrize(
    ("wanted", "nodes", "said"),
    [
        ({"zone": "a"}, [{"zone": "b"}, {"zone": "a", "x": "y"}], None),
        ({"zone": "a"}, [], "no node has the label 'zone=a' yet: no node has that label"),
        ({"zone": "a"}, [{"x": "a"}], "no node has the label 'zone=a' yet: no node has that label"),
        (
            {"zone": "a"},
            [{"zone": "c"}, {"zone": "b"}],
            "no node has the label 'zone=a' yet: those with that label have ['b', 'c']",
        ),
        (
            {"zone": "a", "x": "y"},
            [{"zone": "a"}, {"x": "y"}],
            "no node has all of the labels {'zone': 'a', 'x': 'y'} yet",
        ),
    ],
    ids=["one has it", "no node", "no such label", "another value", "not together"],
)
def test_a_slot_whose_labels_no_node_has_is_told_which(wanted, nodes, said):
    assert lacking_labels(wanted, nodes) == said
