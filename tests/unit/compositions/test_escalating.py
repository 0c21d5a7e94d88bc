"""How a cascade asks its strong expert: the costly ways of Divide and Conquer."""

import pytest
from pydantic import ValidationError

from orchestrator.compositions.base import Query
from orchestrator.engines.base import Chat, ImagePart, Message, Sampling, Structure, Text, TextPart
from orchestrator.engines.scripts import Script, last_user_text
from orchestrator.errors import ContextTooLongError, EngineDeadError
from orchestrator.routing.limits import Limits
from tests.unit.compositions.pool import SeeingEngine, ask
from tests.unit.compositions.test_cascade import pool, said

QUESTION = "Which is a prime?\nA. 4\nB. 7\nC. 9\nD. 10"
DEAD = EngineDeadError("its process is gone")


def scripted(*cheap: str, strong: Script | str = "It is B.", knows: Script | str = "2 divides 4."):
    def script(call) -> Script:
        if call.expert == "small":
            return Script(says=cheap)
        found = knows if "Do not answer the message above yet" in last_user_text(call) else strong
        return found if isinstance(found, Script) else Script(says=found)

    return SeeingEngine(script=script)


async def asked(engine, escalate, query=None, **more):
    """What the strong expert was asked, in turn, and the answer."""
    cascade = pool(engine, answers="option", escalate=escalate, tau=1.0, **more)
    reply = await cascade.programs().reply(query or ask(QUESTION))
    answer = await said(reply)
    return [last_user_text(call) for call in engine.calls if call.expert == "large"], answer


@pytest.mark.parametrize("escalate", ["filter_choices", "both"])
def test_one_answer_rules_no_option_out(escalate):
    with pytest.raises(ValidationError, match="one answer rules no option out"):
        pool(scripted(), escalate=escalate, accept="confidence").programs()


async def test_plainly_the_question_is_asked_as_it_was():
    told, answer = await asked(scripted("A", "B", "B"), "plain")

    assert (told, answer) == ([QUESTION], "It is B.")


async def test_options_that_nobody_chose_are_left_out_and_the_others_keep_their_letters():
    [told], answer = await asked(scripted("A", "B", "B"), "filter_choices")

    assert told.startswith("Which is a prime?\nA. 4\nB. 7\n")
    assert "<choice>\nB. 7\n</choice>" in told
    assert "C. 9" not in told
    assert answer == "It is B."


@pytest.mark.parametrize(
    ("question", "cheap"),
    [
        ("Which is a prime?", ("A", "B", "B")),
        (QUESTION, ("A", "no idea", "hm")),
        ("Which is a prime?\nA. 4\nB. 7", ("A", "B", "B")),
    ],
    ids=["no options", "one of them chosen", "all of them chosen"],
)
async def test_where_no_option_is_ruled_out_the_question_is_asked_as_it_was(question, cheap):
    told, _ = await asked(scripted(*cheap), "filter_choices", ask(question))

    assert told == [question]


async def test_knowledge_is_stated_first_and_then_told_with_the_question():
    engine = scripted("A", "B", "B")

    (stating, answering), _ = await asked(engine, "prior_knowledge")

    assert stating.startswith(QUESTION)
    assert answering.startswith(QUESTION)
    assert "<knowledge>\n2 divides 4.\n</knowledge>" in answering


async def test_both_tell_what_is_known_of_the_options_that_are_left():
    (_, answering), _ = await asked(scripted("A", "B", "B"), "both")

    assert "C. 9" not in answering
    assert "<choice>" in answering
    assert "<knowledge>\n2 divides 4.\n</knowledge>" in answering


@pytest.mark.parametrize("knows", [Script(fails=DEAD), " ", "<think>hm</think>"])
async def test_without_knowledge_the_question_is_asked_all_the_same(knows):
    (_, answering), answer = await asked(scripted("A", "B", "B", knows=knows), "prior_knowledge")

    assert (answering, answer) == (QUESTION, "It is B.")


async def test_knowledge_never_takes_the_call_that_the_answer_needs():
    engine = scripted("A", "B", "B")
    capped = ask(QUESTION, limits=Limits(max_calls=2))

    told, answer = await asked(engine, "prior_knowledge", capped)

    assert (told, answer) == ([QUESTION], "It is B.")


async def test_a_prompt_that_is_too_long_gives_way_to_the_question_alone():
    def strong(call) -> Script:
        too_long = ContextTooLongError("too long") if "<choice>" in last_user_text(call) else None
        said = ("A", "B", "B") if call.expert == "small" else "It is B."
        return Script(says=said, fails=too_long)

    told, answer = await asked(SeeingEngine(script=strong), "filter_choices")

    assert [QUESTION in one for one in told] == [False, True]
    assert answer == "It is B."


async def test_a_raw_text_is_asked_as_it_was():
    text = Query(id="q", model="auto", prompt=Text(text=QUESTION))

    told, _ = await asked(scripted("A", "B", "B"), "both", text)

    assert told == [QUESTION]


async def test_form_and_length_are_for_the_answer_and_images_for_every_call():
    picture = ImagePart(url="data:image/png;base64,AA==")
    turn = Message(role="user", content=(TextPart(text=QUESTION), picture))
    engine, form = scripted("A", "B", "B"), Structure(kind="json_object")
    sampling = Sampling(max_tokens=5, stop=("x",), temperature=0.2, seed=4)
    cascade = pool(engine, answers="option", escalate="prior_knowledge", tau=1.0)
    cascade.experts = {name: {"modalities": ["text", "image"]} for name in ("large", "hosted")}
    cascade.auto = {**cascade.auto, "cheap": ["hosted"]}

    reply = await cascade.programs().reply(
        ask(chat=Chat(messages=(turn,)), structure=form, sampling=sampling)
    )
    await said(reply)

    *_, stating, answering = engine.calls
    assert (stating.structure, answering.structure) == (None, form)
    assert (stating.sampling.max_tokens, answering.sampling.max_tokens) == (256, 5)
    assert (stating.sampling.stop, stating.sampling.temperature) == ((), 0.2)
    assert all(picture in call.prompt.messages[0].content for call in engine.calls)
    assert [stage.name for stage in reply.stages] == ["cheap", "knowledge", "strong"]
