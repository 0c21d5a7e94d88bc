"""From an entry of languages to the router it means."""

from orchestrator.registry.router_languages import LanguageRouter
from orchestrator.registry.router_rules import RulesRouter
from orchestrator.routing.building import Routers
from routers.base import Prompts

ENTRY = {
    "kind": "language",
    "experts": {"fr": "french"},
    "families": {"romance": "roman"},
    "routers": {"en": "topic", "slavic": "topic"},
    "otherwise": {"expert": "general"},
}
TOPIC = {
    "kind": "rules",
    "rules": [{"when": {"keywords": {"any": ["town", "ветер"]}}, "expert": "words"}],
    "otherwise": {"expert": "others"},
}


def test_an_entry_routes_as_it_reads():
    specs = {"tongue": LanguageRouter(**ENTRY), "topic": RulesRouter(**TOPIC)}
    texts = [
        "Pourquoi le ciel est-il bleu pendant la journée ?",
        "Vorrei sapere quanto tempo ci vuole per arrivare.",
        "Which river runs through the middle of the town?",
        "Почему сегодня такой сильный ветер и дождь?",
        "今日は何曜日ですか",
        "2 + 3",
    ]
    candidates = frozenset({"french", "roman", "words", "others", "general"})

    routes = Routers().load(specs)["tongue"].route(Prompts(texts=texts, candidates=candidates))

    chosen = [route.chosen[0] for route in routes]
    assert chosen == ["french", "roman", "words", "words", "general", "general"]
    assert [route.category for route in routes] == ["fr", "it", "en", "ru", "ja", None]
    assert [route.chosen_by for route in routes[:4]] == [None, None, "topic", "topic"]


def test_routers_of_languages_share_one_model():
    other = {**ENTRY, "min_confidence": 0.9}
    specs = {
        "tongue": LanguageRouter(**ENTRY),
        "surer": LanguageRouter(**other),
        "topic": RulesRouter(**TOPIC),
    }

    loaded = Routers().load(specs)

    assert loaded["tongue"] is not loaded["surer"]
    assert loaded["tongue"].detector is loaded["surer"].detector
