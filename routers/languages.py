"""Languages by ISO 639 code, their families, and those that a script gives away."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

#: Family -> its languages, by the codes that py3langid answers with.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    name: tuple(codes.split())
    for name, codes in {
        "romance": "an ca es ext fr gl it la lij oc pt ro vec wa",
        "germanic": "af da de en fo fy is lb nl nn no sv",
        "slavic": "be bg bs cs hr mk pl ru sk sl sr uk",
        "baltic": "lt ltg lv",
        "celtic": "br cy ga gd",
        "hellenic": "el grc",
        "indo-aryan": "as bn gom gu hi mr ne or pa sa si ur",
        "iranian": "fa ku ps sdh tg",
        "uralic": "et fi hu se",
        "turkic": "az ba crh kk ky tk tr tt ug uz uzs",
        "semitic": "am ar ary arz hbo he mt",
        "berber": "kab",
        "cushitic": "om so",
        "chadic": "ha",
        "dravidian": "kn ml ta te",
        "sinitic": "wuu yue zh",
        "tibeto-burman": "dz my",
        "japonic": "ja",
        "koreanic": "ko",
        "mongolic": "mn",
        "tai": "lo th",
        "austroasiatic": "km vi",
        "austronesian": "ace bcl id jv mg ms tl",
        "bantu": "kik lg ln nso rw sn st sw xh zu",
        "volta-niger": "fuv guw ig yo",
        "kartvelian": "ka",
        "creole": "gcf gcr ht pcm",
    }.items()
}

#: Language -> its family; Albanian, Armenian, Basque, Quechua and the like are one of their own.
FAMILY_BY_LANGUAGE: Mapping[str, str] = {
    language: family for family, languages in FAMILIES.items() for language in languages
}

#: Every language that can be told.
LANGUAGES = frozenset({*FAMILY_BY_LANGUAGE, "eo", "eu", "gug", "hy", "qu", "sq", "vo"})

#: First and last letter of scripts that one language alone is commonly written in, and which.
_SCRIPTS = (
    (0x0370, 0x03FF, "el"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B00, 0x0B7F, "or"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"),
    (0x0E80, 0x0EFF, "lo"),
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1780, 0x17FF, "km"),
    (0x3040, 0x30FF, "ja"),
    (0xAC00, 0xD7AF, "ko"),
)
_FIRSTS = [first for first, _, _ in _SCRIPTS]

#: Chinese characters: beside kana they are Japanese.
_HAN = (0x3400, 0x9FFF)
#: Letters that are looked at, and the least number of them that says anything.
_MAX_LETTERS = 400
_MIN_LETTERS = 2
#: Share of the letters that must be of the script.
_SHARE = 0.6


def language_of_script(text: str) -> str | None:
    """The one language written as `text` is, `None` where several are or nothing is told."""
    if text.isascii():
        return None
    letters = list(islice((ord(letter) for letter in text if letter.isalpha()), _MAX_LETTERS))
    if len(letters) < _MIN_LETTERS:
        return None
    count = Counter(_of_scripts(letters))
    if count["ja"]:
        count["ja"] += sum(_HAN[0] <= letter <= _HAN[1] for letter in letters)
    language, most = max(count.items(), key=lambda one: one[1], default=("", 0))
    return language if most >= _SHARE * len(letters) else None


def _of_scripts(letters: list[int]) -> Iterator[str]:
    for letter in letters:
        at = bisect_right(_FIRSTS, letter) - 1
        if at >= 0 and letter <= _SCRIPTS[at][1]:
            yield _SCRIPTS[at][2]
