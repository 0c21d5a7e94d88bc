"""A few lines of a registry's text change, all others stay."""

import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.text_places import put_item

TEXT = """\
# ours
experts:
  - {id: a, engine: {kind: fake}}

routers:  # who chooses
  topic:  # fitted
    kind: category
    artifact: x
    fallback: a
#     embedder: static

compositions:
    auto: {kind: route, router: topic}  # the default
"""
ITEM = "new:  # note\n  kind: task\n  experts: {a: 1}\n"


def put(text=TEXT, *, section="routers", name="new", item=ITEM):
    return put_item(text, section=section, name=name, item=item, file="f.yaml")


@pytest.mark.parametrize(
    "section", ["routers: {}", "routers: {a: {kind: x}}", "routers:", "routers: 3"]
)
def test_a_section_of_another_form_is_left_to_the_person_with_what_to_add(section):
    with pytest.raises(RegistryError, match="add by hand:\nnew:  # note"):
        put(f"{section}\n")


def test_it_stands_behind_the_last_and_what_is_commented_out_below_it():
    head, tail = TEXT.split("\ncompositions")

    added = "  new:  # note\n    kind: task\n    experts: {a: 1}\n"
    assert put() == f"{head}{added}\ncompositions{tail}"


def test_it_is_indented_as_the_others_are():
    changed = put(section="compositions", item="new: {kind: route, router: new}\n")

    assert changed == TEXT + "    new: {kind: route, router: new}\n"


def test_one_of_the_same_name_is_replaced_where_it_stands():
    once = put()

    again = put(once, item="new: {kind: other}\n")

    assert again == once.replace(
        "  new:  # note\n    kind: task\n    experts: {a: 1}\n", "  new: {kind: other}\n"
    )


def test_a_section_that_is_missing_is_written_at_the_end():
    text = "experts:\n  - {id: a}"

    assert put(text, item="new: {kind: x}\n") == f"{text}\n\nrouters:\n  new: {{kind: x}}\n"


def test_lines_end_as_they_did():
    windows = TEXT.replace("\n", "\r\n")

    changed = put(windows)

    assert changed.count("\r\n") == changed.count("\n") == TEXT.count("\n") + 3


def test_a_last_line_without_an_end_gets_one():
    text = "routers:\n  topic: {kind: x}"

    assert put(text, item="new: {kind: y}\n") == f"{text}\n  new: {{kind: y}}\n"
