"""What language a text is in, by py3langid's model; nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .base import RouterError
from .languages import LANGUAGES, language_of_script

#: Characters that are read, half of them at either end: more make no decision surer.
_MAX_CHARS = 600


class Detector(Protocol):
    """Tells languages; safe to ask from several threads."""

    def probabilities(self, text: str) -> Mapping[str, float]:
        """Language -> its probability, likeliest first; empty where there is nothing to read."""
        ...


class LangidDetector:
    """Naive Bayes over byte n-grams, 138 languages; sees scripts of one language at once.

    Its probabilities are tempered by the length of the text: of two words it is not sure.
    """

    def __init__(self, identifier: Any) -> None:
        self._identifier = identifier

    @classmethod
    def installed(cls) -> LangidDetector:
        """The detector with the model that comes with py3langid; takes half a second.

        Raises:
            RouterError: py3langid is not installed.
        """
        try:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier
        except ImportError as exc:
            raise RouterError(
                "languages are told by py3langid: pip install 'orchestrator[routers]'"
            ) from exc
        return cls(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))

    def probabilities(self, text: str) -> Mapping[str, float]:
        """See `Detector.probabilities`."""
        if len(text) > _MAX_CHARS:
            text = f"{text[: _MAX_CHARS // 2]} {text[-_MAX_CHARS // 2 :]}"
        if not any(letter.isalpha() for letter in text):
            return {}
        language = language_of_script(text)
        if language is not None:
            return {language: 1.0}
        # The model also knows text of no language, such as figures: what is left goes there.
        ranked = self._identifier.rank(text)
        return {code: share for code, share in ranked if code in LANGUAGES}
