"""Edits of an expert's entry leave every other character as it was."""

import pytest

from orchestrator.errors import RegistryError
from orchestrator.registry.document import parse
from orchestrator.registry.text_edits import with_value, without_expert, without_value

TEXT = """\
# mine
experts:  # all of them
  - id: math  # sums
    model: m
#     revision: main  # commented out
    engine:  # how
      kind: vllm
      max_model_len: 1024  # tokens
    skills:  # good at
      - sums
      - logic

  # the general one
  - {id: general, engine: {kind: fake, says: hello}}  # small
  - id: last
    engine: {kind: fake}
routers: {}
"""


@pytest.mark.parametrize(
    ("expert", "key", "value", "old", "new"),
    [
        ("math", "model", "other", "    model: m\n", "    model: other\n"),
        ("math", "engine.max_model_len", 2048, "1024  # tokens", "2048  # tokens"),
        (
            *("math", "engine.dtype", "float16"),
            "1024  # tokens\n",
            "1024  # tokens\n      dtype: float16\n",
        ),
        (
            *("math", "skills", ["a", "b"]),
            "skills:  # good at\n      - sums\n      - logic\n",
            "skills: [a, b]  # good at\n",
        ),
        (
            *("math", "tags", ["x: y"]),
            "      - logic\n",
            "      - logic\n    tags: ['x: y']\n",
        ),
        ("general", "engine.says", "bye", "says: hello", "says: bye"),
        (
            *("general", "price.input_usd_per_mtok", 2),
            "says: hello}}",
            "says: hello}, price: {input_usd_per_mtok: 2}}",
        ),
        ("last", "engine.says", "true", "{kind: fake}\n", "{kind: fake, says: 'true'}\n"),
    ],
)
def test_a_value_is_set_and_nothing_else_is_touched(expert, key, value, old, new):
    assert TEXT.count(old) == 1

    assert with_value(TEXT, expert, key.split("."), value, file="f") == TEXT.replace(old, new)


@pytest.mark.parametrize(
    ("expert", "key", "old", "new"),
    [
        ("math", "model", "    model: m\n", ""),
        ("math", "engine.max_model_len", "      max_model_len: 1024  # tokens\n", ""),
        ("math", "skills", "    skills:  # good at\n      - sums\n      - logic\n", ""),
        ("general", "engine.says", ", says: hello", ""),
        ("general", "engine.kind", "kind: fake, says", "says"),
        ("last", "engine.kind", "{kind: fake}\n", "{}\n"),
    ],
)
def test_a_key_is_taken_out_and_nothing_else_is_touched(expert, key, old, new):
    assert TEXT.count(old) == 1

    assert without_value(TEXT, expert, key.split("."), file="f") == TEXT.replace(old, new)


def test_an_expert_goes_with_its_commented_keys_and_leaves_the_comments_of_others():
    first, rest = TEXT.split("  - id: math")

    assert without_expert(TEXT, "math", file="f") == first + rest[rest.index("\n  # the general") :]
    assert "id: general" not in without_expert(TEXT, "general", file="f")
    assert without_expert(TEXT, "last", file="f").endswith("# small\nrouters: {}\n")


def test_a_text_without_an_end_of_line_gets_one_before_what_is_added():
    text = "experts:\r\n- id: a\r\n  model: m"

    changed = with_value(text, "a", ["owner"], "us", file="f")

    assert changed == "experts:\r\n- id: a\r\n  model: m\r\n  owner: us\r\n"


@pytest.mark.parametrize(
    ("text", "expert", "key", "fault"),
    [
        pytest.param(TEXT, "maths", "model", "there is no expert 'maths'", id="unknown"),
        pytest.param("experts: [", "a", "model", "f:1:", id="no YAML"),
        pytest.param(
            "experts:\n- {id: a, engine: &e {kind: fake}}\n- {id: b, engine: *e}\n",
            *("a", "engine.says"),
            "cannot be changed without touching more",
            id="an alias would change another expert",
        ),
    ],
)
def test_an_edit_that_cannot_be_made_safely_is_refused(text, expert, key, fault):
    with pytest.raises(RegistryError, match=fault):
        with_value(text, expert, key.split("."), "x", file="f")


def test_a_key_that_is_not_there_cannot_be_taken_out():
    with pytest.raises(RegistryError, match=r"expert 'math' has no key 'engine\.odd'"):
        without_value(TEXT, "math", ["engine", "odd"], file="f")


@pytest.mark.parametrize("expert", ["math", "general", "last"])
def test_what_is_left_without_an_expert_says_the_rest(expert):
    value = parse(TEXT, file="f").value

    left = parse(without_expert(TEXT, expert, file="f"), file="f").value

    value["experts"] = [one for one in value["experts"] if one["id"] != expert]
    assert left == value
