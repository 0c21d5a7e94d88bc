"""Rules that cannot be meant, told with their place."""

import pytest

from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry

HEAD = """\
  gate:
    kind: rules
    rules:
"""


def faults(tmp_path, rules, otherwise="{expert: general}"):
    lines = "".join(f"      {line}\n" for line in rules.splitlines())
    gate = f"{HEAD}{lines}    otherwise: {otherwise}\n"
    text = VALID.replace("compositions:", f"{gate}compositions:")
    checked = check(write_registry(tmp_path, text), environ={})
    return [f"{one.place.line}:{one.place.column} {one}".partition(" ") for one in checked.faults]


def only(found):
    ((place, _, text),) = found
    return place, text.partition("experts.yaml:")[2]


def test_sound_rules_have_no_faults(tmp_path):
    rules = """\
- name: images
  when: {modality: image, keywords: {any: [photo]}, matches: 'a+', max_chars: 9}
  expert: maths
- when: {has_tools: true}
  router: topic"""

    assert faults(tmp_path, rules) == []


@pytest.mark.parametrize("key", ["matches", "system_matches"])
@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(a", "missing )"), (r"(\w)\1", "no back-references"), (r"\pL{9,500}", "too large")],
)
def test_a_pattern_that_no_engine_reads_is_told_with_line_and_column(
    tmp_path, key, pattern, reason
):
    place, text = only(faults(tmp_path, f"- when:\n    {key}: '{pattern}'\n  expert: maths"))

    assert place == f"14:{13 + len(key)}"
    assert f"routers.gate.rules[0].when.{key}" in text
    assert "is no pattern that can be searched with" in text
    assert reason in text


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{when: {}, expert: maths}", "has no condition, so no later rule is reached"),
        ("{when: {has_tools: true}}", "names neither; give either `expert` or `router`"),
        ("{when: {has_tools: true}, expert: maths, router: topic}", "names both; give either"),
        ("{when: {min_chars: 9, max_chars: 3}, expert: maths}", "9 is over max_chars, 3"),
        ("{when: {min_tokens: 9, max_tokens: 3}, expert: maths}", "9 is over max_tokens, 3"),
        ("{when: {keywords: {}}, expert: maths}", "has no words"),
        ("{when: {keywords: {any: [a, ' ']}}, expert: maths}", "' ' is blank"),
        ("{when: {has_tools: true}, expert: mths}", "did you mean 'maths'?"),
        ("{when: {has_tools: true}, router: tpic}", "did you mean 'topic'?"),
        ("{when: {has_tools: true}, router: gate}", "closes a cycle: router 'gate'"),
        ("{when: {matchs: a}, expert: maths}", "did you mean 'matches'?"),
        ("{when: {modality: sound}, expert: maths}", "allowed: text, image"),
        ("{expert: maths}", "the key 'when' is missing"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path, rule, reason):
    place, text = only(faults(tmp_path, f"- {rule}"))

    assert place.startswith("13:")
    assert reason in text


def test_two_rules_of_one_name_are_told(tmp_path):
    rule = "- {name: tools, when: {has_tools: true}, expert: maths}"

    place, text = only(faults(tmp_path, f"{rule}\n{rule}"))

    assert place == "14:16"
    assert "is the name of an earlier rule already" in text


def test_where_no_rule_decides_there_is_one_target(tmp_path):
    place, text = only(faults(tmp_path, "- {when: {has_tools: true}, expert: maths}", "{}"))

    assert place == "14:16"
    assert "routers.gate.otherwise: names neither" in text
