import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routers.answers import extract, is_right
from routers.base import RouterError

KINDS = ("number", "option", "boolean", "set", "latex", "code", "json", "text")
HOSTILE = {
    "nothing": "",
    "blanks": " \n\t ",
    "only thinking": "<think>the answer is C",
    "no end of brackets": "[" * 100_000,
    "no end of braces": "\\boxed{" * 20_000,
    "a number of a million digits": "9" * 1_000_000,
    "a huge exponent": "the answer is 1e99999999",
    "a zero below": "the answer is 1/0 or \\boxed{\\frac{1}{0}}",
    "binary": bytes(range(256)).decode("latin-1"),
    "lone surrogates": "\ud800\udfff",
    "commas": "{" + "," * 100_000 + "}",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_breaks_a_reader(text, kind):
    found = extract(text, kind)

    assert found is None or isinstance(found, str)


@given(st.text(max_size=300), st.sampled_from(KINDS))
def test_any_text_gives_an_answer_or_none(text, kind):
    found = extract(text, kind)

    assert found is None or extract(text, kind) == found


def test_a_kind_nobody_knows_is_refused():
    with pytest.raises(RouterError, match=r"'essay' is no kind.*'option'"):
        extract("x", "essay")


@pytest.mark.parametrize("gold", ["", "many"])
def test_a_gold_answer_of_another_kind_is_refused(gold):
    with pytest.raises(RouterError, match="cannot be read as 'number'"):
        is_right("1", gold, "number")


def test_no_answer_is_never_right():
    assert not is_right(None, "C", "option")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A car needs fuel. CO2 is produced by Diesel.", None),
        ("The answer is a matter of taste.", None),
        ("I think it depends", None),
        ("E = mc^2 says so", None),
        ("First I said the answer is (A). No: the answer is (C).", "C"),
        ("Answer: B", "B"),
        ("answer is C.", "C"),
        ("**Answer:** (D) because it holds", "D"),
        ("The best answer is B because of x", "B"),
        ("so we get $\\boxed{E}$ and the answer is A", "E"),
        ("\\boxed{\\text{J}}", "J"),
        ("C. Down, Autonomy", "C"),
        ("Long thought about A.\nD", "D"),
        ("<think>the answer is A</think>B", "B"),
        ("the answer is A</think>B", "B"),
        ("B\n<think>the answer is A", "B"),
        ("the answer is A. " * 5000 + "</think>B", "B"),
    ],
)
def test_an_option_is_only_read_where_it_is_meant(text, answer):
    assert extract(text, "option") == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("I do not know", None),
        ("from 3 apples to 12", "12"),
        ("#### 1,234", "1234"),
        ("The answer is $18.50 in all of 3 weeks", "37/2"),
        ("The answer is 42kg", "42"),
        ("about 3-4", "4"),
        ("it is \N{MINUS SIGN}5", "-5"),
        ("\\boxed{\\frac{3}{6}}", "1/2"),
        ("The answer is 50%", "50%"),
        ("\\boxed{1{,}000}", "1000"),
        ("1e3", "1000"),
    ],
)
def test_the_stated_number_counts_else_the_last(text, answer):
    assert extract(text, "number") == answer


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=3))
def test_a_number_is_read_back_exactly(value):
    assert Fraction(extract(f"The answer is {value:,}.", "number")) == Fraction(value)


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_equal_fractions_are_one_answer(top, bottom):
    assert extract(f"\\boxed{{{top}/{bottom}}}", "number") == str(Fraction(top, bottom))


@pytest.mark.parametrize(
    ("answer", "gold", "is_same"),
    [("3.1415926", str(math.pi), True), ("3.14", str(math.pi), False), ("50", "50%", False)],
    ids=["within a millionth", "further off", "per cent and number"],
)
def test_numbers_are_compared_within_a_tolerance(answer, gold, is_same):
    assert is_right(extract(answer, "number"), gold, "number") is is_same


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It may be true and may be false", None),
        ("Yes, it is. Some say no.", "true"),
        ("The answer is not true", "false"),
        ("Some say yes.\n**No.**", "false"),
        ("The claim is incorrect", "false"),
    ],
)
def test_a_truth_value_is_read_unless_both_are_said(text, answer):
    assert extract(text, "boolean") == answer


@pytest.mark.parametrize(
    "text", ["{1, 2.0, b}", "[b, 1, 2]", "The answer is b, 1 and 2.", "\\boxed{\\{2, b, 1, 1\\}}"]
)
def test_the_order_of_a_set_does_not_count(text):
    assert extract(text, "set") == "{1, 2, b}"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("$\\dfrac{1}{2}$", "1/2"),
        ("\\boxed{\\frac12}", "1/2"),
        ("\\boxed{ \\left( x + 1 \\right)^2 }", "(x+1)^2"),
        ("thus $x$ and the answer is $\\sqrt{2}\\,$.", "\\sqrt{2}"),
        ("\\boxed{\\text{blue}}", "blue"),
        ("no mathematics", None),
    ],
)
def test_typesetting_does_not_count(text, answer):
    assert extract(text, "latex") == answer


def test_the_last_block_of_code_counts_without_its_indent():
    text = "First:\n```python\nx\n```\nThen:\n```python\n    if a:  \n\n        b\n```\nDone."

    assert extract(text, "code") == "if a:\n    b"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"a": NaN}', None),
        ('{"b": 1.0, "a": [1, 2]}', '{"a":[1,2],"b":1}'),
        ('First {"x": 1}, then {"a": {"b": null}} it is.', '{"a":{"b":null}}'),
        ('```json\n{"a": true}\n```', '{"a":true}'),
        ("{not json}", None),
    ],
)
def test_json_is_one_answer_however_it_is_written(text, answer):
    assert extract(text, "json") == answer


@pytest.mark.parametrize("kind", ["number", "option", "boolean", "set", "json"])
def test_a_canonical_answer_is_its_own_gold(kind):
    samples = {"number": "-3/4", "option": "C", "boolean": "false", "set": "{1, b}", "json": "[1]"}

    assert is_right(extract(samples[kind], kind), samples[kind], kind)
