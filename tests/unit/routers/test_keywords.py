from routers.base import Prompts
from routers.keywords import learn_keywords
from routers.questions import Question


def question(text, skill):
    return Question(text=text, skill=skill, frame=text, kind="plain")


def test_keywords_are_learned_and_fooled_by_a_decoy():
    learned = learn_keywords(
        [question("capital of Peru", "capitals"), question("sum of two", "sums")],
        fallback="general",
    )
    candidates = frozenset({"capitals", "sums", "general"})

    asked, decoy, unknown = learned.route(
        Prompts(texts=["the capital", "sum of capital peru", "hm"], candidates=candidates)
    )

    assert (asked.chosen, decoy.chosen) == (("capitals",), ("capitals",))
    assert unknown.is_fallback
