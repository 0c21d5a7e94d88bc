"""What models write, and the right answers that data sets have beside it."""

import time

import pytest

from routers.answers import extract, is_right
from tests.unit.routers.test_answers import KINDS

NUMBERS = [
    ("The total is $1,234.50.", "1234.5"),
    ("So she has 18 eggs left.\n\n#### 18", "18"),
    ("The answer is 12 km/h.", "12"),
    ("**Answer: 3/4**", "0.75"),
    ("The answer is 75 percent.", "75%"),
    ("\\boxed{75\\%}", "75%"),
    ("\\boxed{-\\dfrac{1}{2}}", "-0.5"),
    ("The answer is \\(\\frac{1}{3}\\).", "1/3"),
    ("\\boxed{2\\frac{1}{2}}", "2.5"),
    ("The answer is 2 1/2", "2.5"),
    ("\\boxed{1\\,000}", "1000"),
    ("The answer is 1 000 000.", "1000000"),
    ("The answer is 3,5", "3.5"),
    ("The result is 1.000,5", "1000.5"),
    ("The answer is $2.5 \\times 10^{-3}$", "0.0025"),
    ("The answer is 6.02 x 10^23", "6.02e23"),
    ("The answer is 10^3", "1000"),
    ("The answer is about 3.5 million", "3500000"),
    ("The answer is 1.5k", "1500"),
    ("The answer is twenty-one.", "21"),
    ("$$x = 42$$", "42"),
    ("The answer is 20 * 3 = 60", "60"),
    ("The answer is 60 (20 for each of 3).", "60"),
    ("The answer is $x_1 = 7$", "7"),
    ("The answer is 45\N{DEGREE SIGN}.", "45"),
    ("Answer:\n\\[\n\\boxed{12}\n\\]", "12"),
    ("Step 1. Add 2 and 3. Step 2. Get 5.", "5"),
    ("In 2019 100 people came", "100"),
]
OPTIONS = [
    ("The correct option is (B).", "B"),
    ("So the correct choice is **C. Photosynthesis**.", "C"),
    ("Therefore, B is correct.", "B"),
    ("I would choose B.", "B"),
    ("Choice (C) is the best.", "C"),
    ("Option C", "C"),
    ("### Final Answer\n\n**C**", "C"),
    ("The answer is therefore C.", "C"),
    ("The correct answer is A because it holds", "A"),
    ("The answer is $\\boxed{\\text{(D)}}$.", "D"),
    ("\\boxed{B) 12}", "B"),
    ("Option A is wrong. Option B is right.\n\nFinal Answer: B", "B"),
]
NO_OPTIONS = [
    "The answer is B or C.",
    "The answer is I don't know",
    "I would have to know if A is correct",
    "I pick A car",
    "Neither A nor B is correct",
]
OTHERS = [
    ("boolean", "The claim isn't correct.", "false"),
    ("boolean", "That's not true.", "false"),
    ("boolean", "It is true that A, but the answer is no", "no"),
    ("set", "- red\n- blue", "blue, red"),
    ("set", "They are:\n1. red\n2. blue\n", "{blue, red}"),
    ("set", "Answer:\n- red\n- blue", "blue, red"),
    ("set", "Answer: x = 1 or x = 2", "1, 2"),
    ("set", "\\boxed{\\left\\{1, \\frac{1}{2}\\right\\}}", "{0.5, 1}"),
    ("set", '["a", "b"]', "b, a"),
    ("latex", "The answer is $x^2+1$.", "x^{2}+1"),
    ("latex", "\\boxed{x = 5}", "5"),
    ("latex", "\\boxed{2\\sqrt{3}}", "2\\sqrt3"),
    ("latex", "\\boxed{90^\\circ}", "90"),
    ("latex", "\\boxed{\\frac{a}{b}}", "\\frac ab"),
    ("latex", "\\boxed{5\\text{ cm}}", "5"),
    ("latex", "\\[ x = \\frac{3}{4} \\]", "0.75"),
    ("latex", "\\boxed{\\$5}", "5"),
    ("latex", "\\boxed{(1, 2)}", "(1,2)"),
    ("code", "~~~py\nx = 1\n~~~\nDone.", "x = 1"),
    ("json", 'Sure: {"a": 1.0, "b": [1,2]}', '{"b":[1,2],"a":1}'),
    ("text", "Paris!", "Paris"),
    ("text", "Cafe\u0301", "café"),
    ("text", "it\u2019s", "it's"),
    ("text", "\u201cParis\u201d", "paris"),
]
WRONG = [
    ("number", "The answer is 75", "75%"),
    ("number", "The answer is 3.5", "35"),
    ("latex", "\\boxed{x+1}", "x+2"),
    ("latex", "\\boxed{5\\text{ cm}}", "6"),
    ("set", "{1, 2, 3}", "{1, 2}"),
    ("json", '{"a": 1}', '{"a": "1"}'),
    ("code", "```\nx = 2\n```", "x = 1"),
]
HUGE = {
    "dollars": "$" * 20_000,
    "openings of formulas": "\\(" * 10_000,
    "openings of fractions": "\\frac{" * 4_000,
    "numbers": "1 " * 10_000,
    "thousands": "1,000" * 4_000,
    "mixed numbers": "12 34/" * 3_000,
    "powers": "1 x 10 " * 3_000,
    "statements": "answer is " * 2_000,
    "choices": "if A is the " * 1_500,
    "lines of a list": "- a\n" * 5_000,
    "fences": "```\n" * 5_000,
    "equations": "the answer is " + "a=" * 200,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_a_hostile_reply_takes_no_time(text):
    began_s = time.thread_time()
    for kind in KINDS:
        extract(text, kind)

    assert time.thread_time() - began_s < 2.0


@pytest.mark.parametrize(("kind", "text", "gold"), WRONG)
def test_another_answer_is_wrong(kind, text, gold):
    answer = extract(text, kind)

    assert answer is not None
    assert not is_right(answer, gold, kind)


@pytest.mark.parametrize("text", NO_OPTIONS)
def test_what_may_be_something_else_is_no_option(text):
    assert extract(text, "option") is None


@pytest.mark.parametrize(("text", "gold"), NUMBERS)
def test_a_number_is_right_however_it_is_written(text, gold):
    assert is_right(extract(text, "number"), gold, "number")


@pytest.mark.parametrize(("text", "gold"), OPTIONS)
def test_an_option_is_right_however_it_is_stated(text, gold):
    assert extract(text, "option") == gold


@pytest.mark.parametrize(("kind", "text", "gold"), OTHERS)
def test_a_reply_is_right_however_it_is_written(kind, text, gold):
    assert is_right(extract(text, kind), gold, kind)
