"""What the licences of the sources make of a merge's."""

import pytest

from orchestrator.merging.licences import terms_of
from orchestrator.registry.models import Expert


def terms(*licences):
    return terms_of([Expert(id=f"e{at}", license=one) for at, one in enumerate(licences)])


@pytest.mark.parametrize(
    ("licences", "expression", "conflicts"),
    [
        pytest.param(("MIT", "MIT"), "MIT", [], id="one"),
        pytest.param(("MIT", "Apache-2.0"), "Apache-2.0 AND MIT", [], id="the union"),
        pytest.param((None, None), None, ["e0 states no", "e1 states no"], id="none stated"),
        pytest.param(("MIT", None), "MIT", ["e1 states no licence"], id="one unstated"),
        pytest.param(
            ("CC-BY-ND-4.0", "MIT"), "CC-BY-ND-4.0 AND MIT", ["no derived works"], id="closed"
        ),
        pytest.param(("GPL-3.0", "GPL-3.0"), "GPL-3.0", [], id="share-alike among equals"),
        pytest.param(
            ("CC-BY-SA-4.0", "CC-BY-NC-4.0"),
            "CC-BY-NC-4.0 AND CC-BY-SA-4.0",
            ["same terms, and the merge is also under CC-BY-NC-4.0"],
            id="share-alike with another",
        ),
    ],
)
def test_terms_are_the_union_and_name_what_is_in_doubt(licences, expression, conflicts):
    found = terms(*licences)

    assert found.expression == expression
    assert len(found.conflicts) == len(conflicts)
    assert all(part in said for part, said in zip(conflicts, found.conflicts, strict=True))
