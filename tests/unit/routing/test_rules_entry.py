"""From an entry of the registry to the router it means."""

import pytest

from orchestrator.registry.router_rules import RulesRouter
from orchestrator.routing.building import Routers
from routers.base import Prompts, Traits

ENTRY = {
    "kind": "rules",
    "rules": [
        {
            "name": "maths",
            "when": {"keywords": {"any": ["add", "minus"], "all": ["number"]}, "max_tokens": 20},
            "expert": "sums",
        },
        {"when": {"matches": "(?i)def ", "system_matches": "coder"}, "expert": "code"},
        {"when": {"min_chars": 100, "modality": "text", "has_tools": False}, "router": "inner"},
    ],
    "otherwise": {"expert": "general"},
}
INNER = {
    "kind": "rules",
    "rules": [{"when": {"has_tools": True}, "expert": "tools"}],
    "otherwise": {"expert": "long"},
}


def loaded(entry=ENTRY):
    specs = {"gate": RulesRouter(**entry), "inner": RulesRouter(**INNER)}
    return Routers().load(specs)["gate"]


@pytest.mark.parametrize(
    ("text", "system", "expert"),
    [
        ("Add one number to another", "", "sums"),
        ("add one to two", "", "general"),
        ("add one number " + "x " * 50, "", "long"),
        ("DEF f(x)", "a coder", "code"),
        ("DEF f(x)", "", "general"),
    ],
)
def test_an_entry_routes_as_it_reads(text, system, expert):
    candidates = frozenset({"sums", "code", "long", "tools", "general"})
    prompts = Prompts(texts=[text], candidates=candidates, traits=[Traits(system=system)])

    (route,) = loaded().route(prompts)

    assert route.chosen == (expert,)


def test_a_rule_without_a_name_goes_by_its_number():
    prompts = Prompts(
        texts=["def x"], candidates=frozenset({"code"}), traits=[Traits(system="coder")]
    )

    (route,) = loaded().route(prompts)

    assert route.reasons == ("rule '2' holds", "its expert is 'code'")


def test_the_version_changes_with_the_entry_and_with_its_routers():
    other = {**ENTRY, "otherwise": {"expert": "sums"}}

    assert loaded().version == loaded().version
    assert loaded().version != loaded(other).version
    assert len(loaded().version) == 12
