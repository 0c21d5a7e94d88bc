"""YAML text as values with places."""

import pytest

from orchestrator.registry.contents import MAX_BYTES
from orchestrator.registry.document import decode, parse
from orchestrator.registry.faults import Place


def faults_of(content):
    document = decode(content, file="f") if isinstance(content, bytes) else parse(content, file="f")
    return [str(fault) for fault in document.faults]


BAD_TEXTS = {
    "tab": ("a:\n\tb: 1", "f:2:1: a tab cannot indent YAML; use spaces"),
    "nul": ("a: 1\nb: \0", "f:2:4: NUL character U+0000; a registry is plain text"),
    "control": ("a: \x07", "f:1:4: control character U+0007; a registry is plain text"),
    "utf8": (b"a: 1\nbc: \xff", "f:2:5: byte 0xff is not UTF-8; save the file as UTF-8"),
    "bom inside": ("a: 1\n\ufeffb: 2",
                   "f:2:1: byte order mark inside the text, U+FEFF; a registry is plain text"),
    "line separator": ("a: x\u2028b: 2", "f:1:5: line separator U+2028; a registry is plain text"),
    "nul after other line ends": ("a: 1\r\nb: 2\rc: \0",
                                  "f:3:4: NUL character U+0000; a registry is plain text"),
    "utf16": ("a: 1".encode("utf-16"), "f:1:1: the text is UTF-16; save the file as UTF-8"),
    "utf16 without mark": ("a: 1".encode("utf-16-le"),
                           "f:1:2: NUL character U+0000; a registry is plain text"),
    "large": (b" " * (MAX_BYTES + 1), ("f:1:1: the text has 4,194,305 bytes; at most 4 MiB "
              "(4,194,304 bytes) are allowed")),
    "empty": ("# nothing\n", "f:1:1: the file is empty; a registry has at least `experts`"),
    "deep": ("[" * 10_000, "f:1:33: [0][0]: nested deeper than 32 levels, the most allowed"),
    "deep blocks": ("- " * 10_000,
                    "f:1:65: [0][0]: nested deeper than 32 levels, the most allowed"),
    "two": ("a: 1\n---\nb: 2", "f:2:1: a second document starts here; a registry is one document"),
    "duplicate": ("a: 1\nb: 2\na: 3", "f:3:1: a: key given twice, first at line 1"),
    "merge": ("a: &x {b: 1}\nc:\n  <<: *x",
              "f:3:3: c: `<<` is not part of YAML 1.2; alias whole values instead"),
    "number key": ("1: a", "f:1:1: a key must be text; put it in quotes"),
    "tag": ("a: !!python/name:x y",
            "f:1:4: a: the tag 'tag:yaml.org,2002:python/name:x' is not allowed here"),
    "infinite": ("a: [1, .inf]", "f:1:8: a[1]: '.inf' is not a finite number"),
    "no number": ("a: !!int x", "f:1:4: a: 'x' is not a number"),
    "list as key": ("[a]: b", "f:1:1: a key must be text; put it in quotes"),
    "alias as key": ("a: &x b\n*x : c", "f:2:1: a key must be text; put it in quotes"),
    "truth as text": ("a: !!bool yes", "f:1:4: a: 'yes' is not a value of !!bool"),
    "huge number": ("a: 0x" + "f" * 9999,
                    "f:1:4: a: this number has more than 64 bits; put text of digits in quotes"),
    "huge exponent": ("a: 1e999999", "f:1:4: a: '1e999999' is not a finite number"),
    "surrogate": ('a: "\\ud800"', ("f:1:7: not valid YAML: found invalid Unicode character escape "
                  "code while parsing a quoted scalar; write the character itself")),
    "unclosed": ("a: [1", ("f:1:6: not valid YAML: did not find expected ',' or ']' "
                 "while parsing a flow sequence that starts at line 1")),
    "unclosed above": ('a: "1\nb: 2\n', ("f:2:5: not valid YAML: found unexpected end of stream "
                       "while scanning a quoted scalar that starts at line 1")),
    "two colons": ("a: b: c", ("f:1:5: not valid YAML: mapping values are not allowed in this "
                   "context; put text that holds `: ` in quotes, or check the indent")),
    "at sign": ("a: @b", "f:1:4: not valid YAML: '@' cannot begin a value; put the text in quotes"),
    "no alias": ("ab: &bob 1\na: *bobb", ("f:2:4: a: no anchor '&bobb' stands before this alias; "
                 "did you mean 'bob'?")),
    "cycle": ("a: &a [*a]", "f:1:8: a[0]: a value cannot contain itself"),
    "cycle of two": ("a: &a {b: &b [*a]}", "f:1:15: a.b[0]: a value cannot contain itself"),
    "directives": ("%YAML 1.2\n" * 17, "f:17:1: more than 16 directives; a registry needs none"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_bad_text_is_one_line_with_its_place(text, expected):
    assert faults_of(text) == [expected]


def test_values_know_their_line_and_column():
    document = parse("experts:\n  - id: maths\n    tags: [a, b]\n", file="f")

    assert document.value == {"experts": [{"id": "maths", "tags": ["a", "b"]}]}
    assert document.place(("experts", 0, "tags", 1)) == Place(file="f", line=3, column=15)
    assert dict(document.key_places())["experts", 0, "tags"] == Place(file="f", line=3, column=5)


def test_what_is_not_there_has_the_place_of_what_encloses_it():
    document = parse("a:\n  b: [1]\n", file="f")

    assert document.place(("a", "b", 7)) == Place(file="f", line=2, column=6)
    assert document.place(("a", "b", 0, "x")) == Place(file="f", line=2, column=7)
    assert document.place(("x", "y")) == Place(file="f", line=1, column=1)


def test_scalars_follow_yaml_1_2():
    document = parse(
        "[yes, 010, 0o17, 1e3, null, 2020-01-01, !!str 5, true, -0x1F, 1_000, .5, !!float 1, '1', "
        "1.2.3, -, !!null '', 8_, !!int '7', 1:30]",
        file="f",
    )

    assert document.value == [
        "yes", 10, 15, 1000.0, None, "2020-01-01", "5", True, -31, 1000, 0.5, 1.0, "1",
        "1.2.3", "-", None, 8, 7, "1:30",
    ]  # fmt: skip


def test_an_alias_stands_for_the_whole_value():
    document = parse("a: &x {b: 1}\nc: *x", file="f")

    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_aliased_value_stands_where_its_anchor_does():
    document = parse("a: &x {b: 1}\nc: *x\nd: &y 5\ne: *y", file="f")

    assert document.place(("c", "b")) == Place(file="f", line=1, column=11)
    assert document.place(("e",)) == Place(file="f", line=3, column=4)


def test_a_fault_in_an_anchored_value_is_told_once():
    assert len(faults_of("a: &x [.nan]\nb: *x\nc: *x")) == 1


def test_what_is_wrong_above_malformed_text_is_told_with_it():
    assert [fault.split(": ")[0] for fault in faults_of("a: 1\na: 2\nb: [")] == ["f:2:1", "f:3:5"]


def test_an_empty_value_stands_behind_its_key():
    assert parse("a:\n\nb: 1", file="f").place(("a",)) == Place(file="f", line=1, column=3)


def test_a_byte_order_mark_is_no_fault():
    assert decode(b"\xef\xbb\xbfa: 1", file="f").value == {"a": 1}


def test_lines_may_end_as_on_windows():
    document = decode(b"a: 1\r\nb:\r\n  - x\r\n", file="f")

    assert document.value == {"a": 1, "b": ["x"]}
    assert document.place(("b", 0)) == Place(file="f", line=3, column=5)
