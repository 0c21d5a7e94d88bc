"""Whatever the text, the loader answers with faults and never falls over."""

import json
import re
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.registry.document import Document, decode, parse
from orchestrator.registry.loader import check_document
from orchestrator.registry.surroundings import Surroundings
from tests.registries import VALID

WORDS = [
    "experts", "id", "model", "engine", "kind", "vllm", "openai", "fake", "base_url", "api_key_env",
    "routers", "compositions", "slots", "memory_gib", "defaults", "args", "version", "category",
    "[key]", "null", "1", "-1", "1e999", "0x1F", "~", "true", "!!int", "!!set", "!x", "&a", "*a",
    "<<", "---", "...", "%YAML 1.2", "|", ">-", "'", '"', "{", "}", "[", "]", ",", ":", ": ", "- ",
    "? ", "#", "\n", "\n  ", "\n    ", "\t", "\u2028", "\ud800", "é", "\\ud800", "a b", "x" * 300,
]  # fmt: skip

yamlish = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=40).map("".join)


def check_text(text):
    where = Surroundings(folder=Path("nowhere"))
    checked = check_document(parse(text, file="f"), where)
    for fault in (*checked.faults, *checked.warnings):
        assert "\n" not in str(fault)
        assert fault.place.line >= 1
        assert fault.place.column >= 1
    return checked


@settings(max_examples=100, deadline=None)
@given(text=yamlish)
def test_any_text_is_a_registry_or_faults(text):
    checked = check_text(text)

    assert (checked.registry is None) == bool(checked.faults)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=80))
def test_any_bytes_are_a_document_or_faults(content):
    document = decode(content, file="f")

    assert document.faults or document.value is not None or content.strip() != b""


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_sound_file_with_one_line_replaced_is_a_registry_or_faults(data):
    lines = VALID.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines[at] = indent + data.draw(yamlish)

    checked = check_text("\n".join(lines))

    assert (checked.registry is None) == bool(checked.faults)


SHIPPED = (Path(__file__).parents[3] / "experts.yaml").read_bytes()[:4000]
cuts = st.tuples(st.integers(0, len(SHIPPED)), st.integers(0, 40), st.binary(max_size=4) | yamlish)


@settings(max_examples=100, deadline=None)
@given(edits=st.lists(cuts, min_size=1, max_size=4))
def test_the_shipped_file_with_bytes_cut_and_put_in_is_a_registry_or_faults(edits):
    content = SHIPPED
    for at, num_cut, put in edits:
        new = put.encode(errors="surrogatepass") if isinstance(put, str) else put
        content = content[:at] + new + content[at + num_cut :]

    checked = check_document(decode(content, file="f"), Surroundings(folder=Path("nowhere")))

    assert (checked.registry is None) == bool(checked.faults)


@settings(max_examples=100, deadline=None)
@given(value=st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
))  # fmt: skip
def test_json_is_read_as_what_it_says(value):
    text = json.dumps(value, ensure_ascii=False)
    document = parse(text, file="f")

    assume(not re.search("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", text))
    assert (document.value, document.faults) == (value, ())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(WORDS[:20]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(WORDS[:20]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(value=st.dictionaries(st.sampled_from(WORDS[:20]), values, max_size=6))
def test_any_tree_of_values_is_a_registry_or_faults(value):
    document = Document(file="f", value=value)

    checked = check_document(document, Surroundings(folder=Path("nowhere")))

    assert (checked.registry is None) == bool(checked.faults)
