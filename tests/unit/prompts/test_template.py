"""Prompts as files: what is refused, and what a text is made of."""

import pytest

from orchestrator.errors import PromptError
from orchestrator.prompts.template import parse

FRONT = "---\nrole: judge\nvariables: [message, candidate]\n---\n"


def refused(source: str) -> str:
    with pytest.raises(PromptError) as caught:
        parse(source, name="judge.jinja")
    return caught.value.message


def body(text: str, *, variables: str = "message", role: str = "judge", **more: str) -> str:
    keys = "".join(f"{key}: {value}\n" for key, value in more.items())
    return f"---\nrole: {role}\nvariables: [{variables}]\n{keys}---\n{text}"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ message }}", "judge.jinja:1: a prompt begins with its front matter"),
        ("", "judge.jinja:1: a prompt begins with its front matter"),
        ("---\nrole: judge\n", "judge.jinja:1: a prompt begins with its front matter"),
        ("---\nrole: [\n---\nx", "judge.jinja:3: the front matter is no YAML"),
        ("---\n" + "[" * 5000 + "\n---\nx", "judge.jinja:2: the front matter cannot be read"),
        ("---\n- a\n---\nx", "judge.jinja:1: the front matter: "),
        ("---\nrole: jugde\nvariables: []\n---\nx", "judge.jinja:1: role: Input should be"),
        ("---\nrole: judge\n---\nx", "variables: Field required"),
        (body("{{ message }}", colour="red"), "colour: Extra inputs are not permitted; known keys"),
        (body("x", variables="message, parts"), "role 'judge' has no variable 'parts'; it has: "),
        (body("{{ message }}", delimiters='["<"]'), "3 visible characters or more"),
        (body("{{ message }}", delimiters='["1 2 3"]'), "not all digits"),
        (body("{{ message }}", delimiters='["&lt;x"]'), "none of '&#;'"),
        (body(" \n"), "judge.jinja:5: the prompt has no text"),
    ],
    ids=lambda value: value[:40],
)
def test_front_matter_that_cannot_be_meant_is_refused(source, told):
    assert told in refused(source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (body("a\nb {{ candidate }}"), "judge.jinja:6: variable 'candidate' is used and not"),
        (body("a\n{% for x in message %}"), "judge.jinja:6: "),
        (body("a\n{{ message | nothing }}"), "judge.jinja:6: No filter named 'nothing'"),
        (body("{{ message"), "judge.jinja:5: "),
        (body("x"), "judge.jinja:1: ['message'] declared and never used"),
        (body("{% include 'x' %}{{ message }}"), "it includes and extends nothing"),
        (body("{% extends message %}"), "it includes and extends nothing"),
        (body("{{ message }}\n{{ cycler() }}"), "judge.jinja:6: variable 'cycler' is used and not"),
        (body("\n{{ message.__class__.__mro__ }}"), "judge.jinja:6: access to attribute"),
        (body("{{ message | random }}"), "No filter named 'random'"),
        (body("\n{{ message + 1 }}"), "judge.jinja:6: can only concatenate str"),
        (body("\n\n{{ message.text }}"), "judge.jinja:7: 'str object' has no attribute 'text'"),
        (body("{% for x in message %}" * 30 + "{% endfor %}" * 30), "nests too deeply"),
    ],
    ids=lambda value: value[-40:],
)
def test_a_text_that_cannot_be_made_is_refused_with_its_line(source, told):
    assert told in refused(source)


def test_a_text_that_only_some_numbers_of_candidates_allow_is_refused():
    source = body("\n{{ candidates[1] }}", variables="candidates", role="rank")

    assert "judge.jinja:6: list object has no element 1" in refused(source)


def test_what_only_the_values_show_is_told_with_file_and_line():
    template = parse(body("\n{{ 1 // (message | length - 2) }}"), name="judge.jinja")

    with pytest.raises(PromptError, match=r"judge\.jinja:6: integer division"):
        template.render(message="ab", candidate="")


def test_the_text_is_the_body_with_its_values():
    template = parse(FRONT + "{{ message }}\nIs it {{ candidate }}?\n", name="judge.jinja")

    assert template.render(message="Why?", candidate="so") == "Why?\nIs it so?"


def test_a_file_of_another_system_says_the_same():
    source = FRONT + "{{ message }}\n{{ candidate }}"
    other = "\ufeff" + source.replace("\n", "\r\n")

    told = [parse(one, name="f").render(message="a", candidate="b") for one in (source, other)]

    assert told == ["a\nb", "a\nb"]


def test_a_variable_that_the_text_leaves_out_is_given_all_the_same():
    template = parse(body("{{ message }}"), name="judge.jinja")

    assert template.render(message="Why?", candidate="unseen") == "Why?"
