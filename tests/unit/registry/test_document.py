"""YAML text as values with places."""

import pytest

from orchestrator.registry.document import MAX_BYTES, decode, parse, read
from orchestrator.registry.faults import Place


def faults_of(content):
    document = decode(content, file="f") if isinstance(content, bytes) else parse(content, file="f")
    return [str(fault) for fault in document.faults]


BAD_TEXTS = {
    "tab": ("a:\n\tb: 1", "f:2:1: a tab cannot indent YAML; use spaces"),
    "nul": ("a: 1\nb: \0", "f:2:4: NUL character U+0000; a registry is plain text"),
    "control": ("a: \x07", "f:1:4: control character U+0007; a registry is plain text"),
    "utf8": (b"a: 1\nbc: \xff", "f:2:5: byte 0xff is not UTF-8; save the file as UTF-8"),
    "large": (b" " * (MAX_BYTES + 1),
              "f:1:1: the file has more than 5,000,000 bytes, the most allowed"),
    "empty": ("# nothing\n", "f:1:1: the file is empty; a registry has at least `experts`"),
    "deep": ("[" * 5000, "f:1:33: nested deeper than 32 levels, the most allowed"),
    "two": ("a: 1\n---\nb: 2", "f:2:1: a second document starts here; a registry is one document"),
    "duplicate": ("a: 1\nb: 2\na: 3", "f:3:1: a: key given twice, first at line 1"),
    "merge": ("a: &x {b: 1}\nc:\n  <<: *x",
              "f:3:3: c: `<<` is not part of YAML 1.2; alias whole values instead"),
    "number key": ("1: a", "f:1:1: a key must be text; put it in quotes"),
    "tag": ("a: !!python/name:x y",
            "f:1:4: a: the tag 'tag:yaml.org,2002:python/name:x' is not allowed here"),
    "infinite": ("a: [1, .inf]", "f:1:8: a[1]: '.inf' is not a finite number"),
    "no number": ("a: !!int x", "f:1:4: a: 'x' is not a number"),
    "surrogate": ('a: "\\ud800"', "f:1:4: a: half of a surrogate pair; write the character itself"),
    "unclosed": ("a: [1", "f:1:6: not valid YAML: expected ',' or ']', but got '<stream end>'"),
    "no alias": ("a: *b", "f:1:4: not valid YAML: found undefined alias 'b'"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_text_is_one_line_with_its_place(text, expected):
    assert faults_of(text) == [expected]


def test_values_know_their_line_and_column():
    document = parse("experts:\n  - id: maths\n    tags: [a, b]\n", file="f")

    assert document.value == {"experts": [{"id": "maths", "tags": ["a", "b"]}]}
    assert document.value_places["experts", 0, "tags", 1] == Place(file="f", line=3, column=15)
    assert document.key_places["experts", 0, "tags"] == Place(file="f", line=3, column=5)


def test_scalars_follow_yaml_1_2():
    document = parse("[yes, 010, 0o17, 1e3, null, 2020-01-01, !!str 5, true]", file="f")

    assert document.value == ["yes", 10, 15, 1000.0, None, "2020-01-01", "5", True]


def test_an_alias_stands_for_the_whole_value():
    document = parse("a: &x {b: 1}\nc: *x", file="f")

    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_alias_bomb_is_refused_in_bounded_time():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]

    (fault,) = faults_of("\n".join(lines))

    assert "more than 250,000 values, aliases included" in fault


def test_a_value_that_contains_itself_is_refused():
    (fault,) = faults_of("a: &a [*a]")

    assert "nested deeper than 32 levels, aliases included" in fault


def test_a_fault_in_an_anchored_value_is_told_once():
    assert len(faults_of("a: &x [.nan]\nb: *x\nc: *x")) == 1


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    missing = read(tmp_path / "none.yaml").faults
    folder = read(tmp_path).faults

    assert [fault.reason for fault in (*missing, *folder)] == [
        "there is no such file",
        "this is not a regular file; name the registry file itself",
    ]


def test_a_byte_order_mark_is_no_fault():
    assert decode(b"\xef\xbb\xbfa: 1", file="f").value == {"a": 1}
