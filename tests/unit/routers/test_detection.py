"""Languages of real sentences and of the demo's questions, by the model that is installed."""

# ruff: noqa: RUF001 - letters of other alphabets are meant

import json
from pathlib import Path

import pytest

from routers.detection import LangidDetector
from routers.languages import language_of_script

QUESTIONS = Path(__file__).parents[3] / "deploy/demo/questions/heldout.jsonl"

SENTENCES = {
    "en": "Which river runs through the middle of the town where you grew up?",
    "fr": "Peux-tu m'expliquer pourquoi le ciel est bleu pendant la journée ?",
    "es": "Escribe una carta breve para pedir un aumento de sueldo a mi jefa.",
    "pt": "Você poderia resumir este relatório em três frases, por favor?",
    "it": "Vorrei sapere quanto tempo ci vuole per arrivare alla stazione.",
    "ca": "Quina és la millor manera d'aprendre una llengua nova?",
    "ro": "Te rog să îmi spui ce gătim astăzi pentru cină.",
    "de": "Schreibe mir bitte ein kurzes Gedicht über den ersten Schnee.",
    "nl": "Hoeveel kost een kaartje naar Utrecht als ik vandaag nog vertrek?",
    "sv": "Kan du berätta varför fåglarna flyttar söderut på hösten?",
    "da": "Jeg vil gerne have et råd om, hvordan jeg passer mine tomatplanter.",
    "pl": "Napisz proszę krótkie podziękowanie dla mojej nauczycielki.",
    "cs": "Proč je voda v moři slaná a v řekách není?",
    "ru": "Объясни, пожалуйста, чем отличается вирус от бактерии.",
    "uk": "Розкажи, будь ласка, як приготувати справжній борщ.",
    "bg": "Какво трябва да направя, ако изгубя личната си карта?",
    "fi": "Miksi revontulet näkyvät vain pohjoisessa taivaalla?",
    "hu": "Mikor érdemes metszeni a gyümölcsfákat a kertben?",
    "tr": "Bana yarınki toplantı için kısa bir konuşma yazar mısın?",
    "vi": "Bạn có thể giúp tôi viết một lá thư xin việc không?",
    "id": "Tolong jelaskan bagaimana cara kerja mesin cuci ini.",
    "ar": "هل يمكنك أن تشرح لي كيف تعمل الألواح الشمسية؟",
    "hi": "कृपया मुझे बताइए कि चाय बनाने में कितना समय लगता है।",
    "zh": "请用简单的话解释一下什么是通货膨胀。",
    "ja": "来週の会議の予定を短くまとめてください。",
    "ko": "이 문장을 더 공손하게 고쳐 주세요.",
    "el": "Πώς μπορώ να μάθω να παίζω κιθάρα μόνος μου;",
    "he": "תוכל לכתוב לי מכתב קצר לסבתא שלי?",
    "th": "ช่วยแนะนำร้านอาหารอร่อยใกล้สถานีรถไฟหน่อย",
    "ka": "როგორ ვისწავლო ქართული ანბანი სწრაფად?",
}
SURE = 0.7


@pytest.fixture(scope="module")
def detector():
    return LangidDetector.installed()


def best(detector, text):
    shares = detector.probabilities(text)
    return max(shares.items(), key=lambda one: one[1], default=(None, 0.0))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "42 + 7 = ?",
        "🙂🙂",
        "\x00\x01\x02",
        "hi",
        "ok",
        "XIV",
        "la",
        "\ud800",
        "a" * 10**6,
    ],
    ids=ascii,
)
def test_what_says_little_makes_it_unsure(detector, text):
    _, share = best(detector, text)

    assert share < SURE


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_enough_to_tell(detector, language):
    assert best(detector, SENTENCES[language])[0] == language


def test_nearly_all_sentences_make_it_sure(detector):
    shares = [best(detector, text)[1] for text in SENTENCES.values()]

    assert sum(share >= SURE for share in shares) >= 28  # of 30; it holds for all but es and id


def test_no_question_of_the_demo_is_taken_for_another_language(detector):
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    found = [best(detector, json.loads(line)["question"]) for line in lines]

    sure = [language for language, share in found if share >= SURE]

    # The rest is short ("2 + 3?", "fr: dog") and goes where unsure prompts go.
    assert set(sure) == {"en"}
    assert len(sure) > 0.6 * len(lines)


def test_of_a_long_text_either_end_is_read(detector):
    shares = detector.probabilities("x" * 10**6 + " " + SENTENCES["fr"] * 20)

    assert best(detector, SENTENCES["fr"] * 10_000)[0] == "fr"
    assert shares["fr"] == max(shares.values())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("plain text", None),
        ("été", None),
        ("русский", None),
        ("汉字", None),
        ("漢字とかな", "ja"),
        ("한국어", "ko"),
        ("π is 3.14 and so on", None),
        ("Что значит слово שלום?", None),
        ("Ω", None),
    ],
)
def test_a_script_of_one_language_gives_it_away_when_most_letters_are_of_it(text, language):
    assert language_of_script(text) == language
