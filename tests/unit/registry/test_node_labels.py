"""Labels that no node can have are refused, with which and why."""

import pytest
from pydantic import ValidationError

from orchestrator.registry.models import Slot
from orchestrator.registry.node_labels import MAX_LETTERS


def slot(labels) -> Slot:
    return Slot.model_validate({"name": "a", "memory_gib": 1, "label_selector": labels})


@pytest.mark.parametrize(
    "labels",
    [{}, {"zone": "a"}, {"ray.io/market-type": "on-demand"}, {"A_b.c-d": "0"}, {"a": "x" * 63}],
)
def test_labels_as_nodes_have_them_are_taken(labels):
    assert slot(labels).label_selector == labels


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"": "a"}, "'' is no label of a node"),
        ({"a b": "a"}, "'a b' is no label of a node"),
        ({"zone=": "a"}, "'zone=' is no label of a node"),
        ({"a/b/c": "a"}, "'a/b/c' is no label of a node"),
        ({"/a": "a"}, "'/a' is no label of a node"),
        ({"a" * 64: "a"}, "is no label of a node"),
        ({"zone\n": "a"}, "is no label of a node"),
        ({"zone": ""}, "label 'zone' is '': a value is letters"),
        ({"zone": "!a"}, "label 'zone' is '!a'"),
        ({"zone": "in(a,b)"}, "label 'zone' is 'in(a,b)'"),
        ({"zone": "a@b"}, "label 'zone' is 'a@b'"),
        ({"zone": "../a"}, "label 'zone' is '../a'"),
        ({"zone": "x" * 64}, "63 at most"),
        ({"zone": 1}, "valid string"),
        (["zone"], "valid dictionary"),
        ({f"a{n}": "x" * 50 for n in range(3)}, f"{MAX_LETTERS} is the most of a slot"),
    ],
)
def test_labels_that_no_node_has_are_refused_by_name(labels, said):
    with pytest.raises(ValidationError) as caught:
        slot(labels)

    assert said in str(caught.value)
