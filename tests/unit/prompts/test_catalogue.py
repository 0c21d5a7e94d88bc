"""The prompts that come with the package, and those of files."""

import os

import pytest

from orchestrator.errors import PromptError
from orchestrator.prompts.catalogue import MAX_BYTES, loaded, shipped, shipped_text
from orchestrator.prompts.roles import ROLES, VARIABLES


def write(folder, text, *, name="mine.jinja"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(PromptError, match=r"none\.jinja: there is no such file"):
        loaded(tmp_path / "none.jinja", "judge")


def test_a_folder_a_pipe_and_an_impossible_name_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path, tmp_path / "pipe", tmp_path / ("x" * 5000), tmp_path / "a\0b"):
        with pytest.raises(PromptError, match=r"there is no such file|cannot be read"):
            loaded(path, "judge")


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "mine.jinja").write_bytes(b"---\n\xff\xfe")

    with pytest.raises(PromptError, match="cannot be read as text"):
        loaded(tmp_path / "mine.jinja", "judge")


def test_a_file_that_is_far_too_long_is_told(tmp_path):
    path = write(tmp_path, shipped_text("judge") + "x" * MAX_BYTES)

    with pytest.raises(PromptError, match="at most 65,536 bytes"):
        loaded(path, "judge")


def test_a_prompt_of_another_role_is_refused(tmp_path):
    path = write(tmp_path, shipped_text("compare"))

    with pytest.raises(PromptError, match="it is for role 'compare' and used for 'judge'"):
        loaded(path, "judge")


def test_a_copy_of_a_shipped_prompt_is_a_start(tmp_path):
    path = write(tmp_path, shipped_text("judge").replace("yes or no", "right or wrong"))

    told = loaded(path, "judge").render(message="Why?", candidate="x")

    assert told.endswith("right or wrong")


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_prompt_that_says_whose_idea_it_is(role):
    template = shipped(role)

    assert template.role == role
    assert "arXiv:" in template.about or "ours" in template.about


@pytest.mark.parametrize("role", ROLES)
def test_all_that_a_shipped_prompt_is_given_is_told(role):
    by_form = {
        "text": lambda name: f"[{name}]",
        "texts": lambda name: [f"[{name} 1]", f"[{name} 2]"],
        "parts": lambda name: [{"question": f"[{name} q]", "answer": f"[{name} a]"}],
    }
    values = {name: by_form[one.form](name) for name, one in VARIABLES[role].items()}

    told = shipped(role).render(**values)

    assert all(text in told for value in values.values() for text in texts(value))


def texts(value):
    if isinstance(value, str):
        return [value]
    return [text for one in value for text in ([one] if isinstance(one, str) else one.values())]


def test_a_first_attempt_may_be_missing():
    told = shipped("decompose").render(message="Why?", attempt="")

    assert "attempt" not in told
