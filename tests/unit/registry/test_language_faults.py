"""Languages and families that nobody can tell."""

import pytest

from orchestrator.registry.loader import check
from tests.registries import VALID, write_registry


def faults(tmp_path, keys):
    entry = f"  tongue: {{kind: language, otherwise: {{expert: general}}{keys}}}\n"
    path = write_registry(tmp_path, VALID.replace("compositions:", f"{entry}compositions:"))
    return [str(fault).rpartition("experts.yaml:")[2] for fault in check(path, environ={}).faults]


def test_a_sound_entry_has_no_faults(tmp_path):
    keys = ", experts: {fr: maths}, families: {slavic: maths}, routers: {germanic: topic}"

    assert faults(tmp_path, keys) == []


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (", experts: {french: maths}", "'french' is no language (ISO 639) that can be told"),
        (", families: {romanc: maths}", "did you mean 'romance'?"),
        (", routers: {xx: topic}", "'xx' is no language or family that can be told"),
        (", experts: {fr: maths}, routers: {fr: topic}", "'fr' has an expert already"),
        ("", "names no language; give `experts` or `families` some"),
        (", experts: {fr: mths}", "did you mean 'maths'?"),
        (", families: {slavic: mths}", "did you mean 'maths'?"),
        (", routers: {en: tongue}", "closes a cycle: router 'tongue'"),
        (", experts: {fr: maths}, min_confidence: 0", "greater than 0"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(tmp_path, keys, told):
    (fault,) = faults(tmp_path, keys)

    assert fault.startswith("10:")
    assert told in fault
