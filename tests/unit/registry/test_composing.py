"""The fast way reads exactly what the full parser reads, or leaves it alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from orchestrator.registry.composing import compose_plain
from orchestrator.registry.nodes import MAX_DEPTH
from tests.registries import VALID
from tests.unit.registry.test_loader_properties import WORDS, yamlish


def full_parser() -> YAML:
    parser = YAML(typ="safe", pure=True)
    parser.max_depth = MAX_DEPTH
    return parser


def plain(node):
    """A node as comparable values: kind, tag, line, column, style and what is in it."""
    mark = node.start_mark
    head = (str(node.tag), mark.line, mark.column)
    if isinstance(node, ScalarNode):
        return (*head, node.value)
    if isinstance(node, SequenceNode):
        return (*head, [plain(item) for item in node.value])
    assert isinstance(node, MappingNode)
    return (*head, [(plain(key), plain(value)) for key, value in node.value])


def same(text: str) -> bool:
    """Whether the fast way took the text; it must then agree with the full parser."""
    root = compose_plain(text, full_parser())
    if root is not None:
        assert plain(root) == plain(full_parser().compose(text))
    return root is not None


RARE = {
    "an anchor": "a: &x 1\nb: 2\n",
    "an alias": "a: &x 1\nb: *x\n",
    "a tag": "a: !!str 1\n",
    "a directive": "%YAML 1.1\n---\na: 1\n",
    "two documents": "a: 1\n---\nb: 1\n",
    "a tab": "a:\t1\n",
    "a complex key": "? a\n: 1\n",
    "a carriage return": "a: 1\r\nb: 2\r\n",
    "a block text": "a: |\n  b\n",
    "a folded text": "a: >-\n  b\n  c\n",
    "too deep": "[" * 40 + "]" * 40,
    "no value": "a:\nb: {c: , d}\n",
    "nothing": "# only a comment\n",
    "a fault": "a: [1, 2\n",
}


@pytest.mark.parametrize("text", RARE.values(), ids=RARE)
def test_rare_parts_and_faults_are_left_to_the_full_parser(text):
    assert compose_plain(text, full_parser()) is None


PLAIN = {
    "a registry": VALID,
    "words of YAML 1.1": "a: yes\nb: 012\nc: 1:30\nd: 0o17\ne: 1_000\nf: ~\ng: .inf\nh: =\n",
    "texts": "a: 'it''s'\nb: \"\\u00e9\\/\\n\"\nc: one\n  two\n",
    "nothing in a list": "b: []\nc: {}\nd: ''\n",
    "wide characters": "ä: {ö: ü}\n日本: [\U0001f600, x]\n",
    "a comment anywhere": "# a\na: 1 # b\n# c\nb:\n  # d\n  - 2\n",
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_plain_text_is_read_like_the_full_parser_reads_it(text):
    assert same(text)


@settings(max_examples=300, deadline=None)
@given(
    text=yamlish
    | st.lists(st.sampled_from(WORDS + list("ab: -\n,[]{}#'\"|>")), max_size=30).map("".join)
)
def test_any_text_is_read_alike_or_left_alone(text):
    try:
        same(text)
    except (YAMLError, ValueError, IndexError, AttributeError, AssertionError, TypeError):
        pytest.fail(f"the fast way took what the full parser refuses: {text!r}")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_sound_file_with_one_line_replaced_is_read_alike_or_left_alone(data):
    lines = VALID.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines[at] = indent + data.draw(yamlish)

    try:
        same("\n".join(lines))
    except YAMLError as exc:
        pytest.fail(f"the fast way took what the full parser refuses: {exc}")
