"""Prompts as token ids, by a real renderer of templates and a tokenizer of bytes."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from orchestrator.engines.base import Call, Chat, Message, TextPart
from orchestrator.engines.prompting import Prompting

pytestmark = pytest.mark.integration

KEEPING = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}[/]{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
TRIMMING = KEEPING.replace("m.content", "m.content.strip()")


def rendered(template: str, *turns: tuple[str, str], continues: bool) -> str:
    letters = pre_tokenizers.ByteLevel.alphabet()
    backend = Tokenizer(models.BPE({one: n for n, one in enumerate(sorted(letters))}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, chat_template=template)
    said = tuple(Message(role=role, content=(TextPart(text=text),)) for role, text in turns)
    chat = Chat(messages=said, continues=continues)
    call = Call(id="c", expert="e", generation=1, prompt=chat)
    prompting = Prompting("e", tokenizer=tokenizer, backend=backend)
    return backend.decode(prompting.token_ids(call))


@pytest.mark.parametrize("template", [KEEPING, TRIMMING], ids=["keeping", "trimming"])
@pytest.mark.parametrize("said", ["Ans", "Answer: ", "A\n\n", "Ü «", "say [/] and"])
def test_a_turn_that_broke_off_is_left_open_where_it_did(template, said):
    found = rendered(template, ("user", "hi"), ("assistant", said), continues=True)

    assert found == f"[user]hi[/][assistant]{said}"


def test_a_turn_that_ended_is_followed_by_another():
    found = rendered(KEEPING, ("user", "hi"), ("assistant", "yes"), continues=False)

    assert found == "[user]hi[/][assistant]yes[/][assistant]"
