"""What is taken of a model's card: licence, tags, languages; and nothing of a card that is odd."""

import pytest

from orchestrator.moving.cards import Card, read_card


def card(folder, text):
    (folder / "README.md").write_text(text, encoding="utf-8")
    return read_card(folder)


def test_licence_tags_and_languages_are_taken_and_the_hubs_marks_are_not(tmp_path):
    found = card(
        tmp_path,
        "---\nlicense: mit\nlanguage: [en, no]\ntags:\n- maths\n- peft\n"
        "- base_model:org/large\n- region:us\n- maths\n---\n# A model\n",
    )

    assert found == Card(license="MIT", tags=("maths", "en", "no"))


@pytest.mark.parametrize(
    ("told", "named"),
    [
        pytest.param("license: llama3.1", "llama3.1", id="unknown to SPDX"),
        pytest.param("license: other\nlicense_name: qwen-research", "qwen-research", id="named"),
        pytest.param("license: other", None, id="other"),
        pytest.param("license: [apache-2.0, mit]", "Apache-2.0", id="several"),
        pytest.param("license: {a: b}", None, id="no text"),
    ],
)
def test_a_licence_is_named_as_spdx_does_where_it_can_be(tmp_path, told, named):
    assert card(tmp_path, f"---\n{told}\n---\n").license == named


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# No front matter\n---\nlicense: mit\n---\n", id="none"),
        pytest.param("---\nlicense: [mit\n---\n", id="no YAML"),
        pytest.param("---\n- mit\n---\n", id="a list"),
        pytest.param("---\nlicense: mit\n", id="without an end"),
    ],
)
def test_a_card_that_cannot_be_read_says_nothing(tmp_path, text):
    assert card(tmp_path, text) == Card()


def test_a_model_without_a_card_or_with_bytes_for_one_says_nothing(tmp_path):
    assert read_card(tmp_path) == Card()
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    assert read_card(tmp_path) == Card()
