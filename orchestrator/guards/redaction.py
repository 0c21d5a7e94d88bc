"""Blots secrets out of text: the last line of defence of whatever is logged.

No code of ours should log a secret. This is for what it cannot know: an upstream that repeats a
key, a library that quotes a URL with its password, a traceback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from urllib.parse import unquote

BLOT = "***"

#: Shorter ones are words that would be blotted everywhere.
_MIN_CHARS = 8
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)S?$", re.I)
_LOGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/\"'\\<>@]*@")
_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s:/]*:(?P<password>\S+)@")
#: Signs of which a text has one in small letters where a form is in it, the form, and what is kept
#: of it. Nothing that is replaced has a quote or a backslash, so that a line of JSON stays one.
_FORMS = (
    (("://",), _LOGIN, rf"\g<scheme>{BLOT}@"),
    (
        ("bearer ", "basic "),
        re.compile(r"\b(bearer|basic) [A-Za-z0-9._~+/=-]{6,}", re.I),
        rf"\1 {BLOT}",
    ),
    (("sk-",), re.compile(r"\bsk-[A-Za-z0-9_-]{6,}"), BLOT),
    (
        ("hf_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "aiza", "akia"),
        re.compile(r"\b(?:hf_|gh[pousr]_|xox[abprs]-|AIza|AKIA)[A-Za-z0-9_-]{12,}"),
        BLOT,
    ),
    (
        ("api_key", "api-key", "apikey", "passw", "secret", "access_token"),
        re.compile(
            r"\b(api[_-]?key|x-api-key|password|passwd|secret|access_token|client_secret)"
            r"(\\?[\"']?\s?[:=]\s?\\?[\"']?)[^\s\"'\\,;&}]{6,}",
            re.I,
        ),
        rf"\1\2{BLOT}",
    ),
)


class Redaction:
    """Blots out secrets that are known, and what looks like one.

    Args:
        secrets: known ones; those of less than eight characters are left out.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = sorted(set(_spellings(secrets)), key=len, reverse=True)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Redaction:
        """With the secrets of an environment: by the names of variables, and in URLs."""
        return cls(_secrets(environ))

    def __call__(self, text: str) -> str:
        """`text` with a blot wherever a secret was."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, BLOT)
        lowered = text.lower()
        for signs, form, kept in _FORMS:
            if any(sign in lowered for sign in signs):
                text = form.sub(kept, text)
        return text


def blotted(text: str, secret: str | None) -> str:
    """`text` without `secret`, nor a beginning of it that a cut has left."""
    if not secret or secret.startswith(BLOT):
        return text
    head = secret[:_MIN_CHARS]
    while (at := text.find(head)) >= 0:
        pairs = zip(text[at:], secret, strict=False)
        num_chars = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        text = text[:at] + BLOT + text[at + num_chars :]
    return text


def without_login(url: str) -> str:
    """A URL as it may be shown, however its password is spelled: `redis://host/0`."""
    scheme, mark, rest = url.partition("://")
    return scheme + mark + rest.rpartition("@")[2] if mark else url.rpartition("@")[2]


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _SECRET_NAME.search(name):
            yield value
        found = _PASSWORD.match(value)
        if found is not None:
            yield found["password"]
            yield unquote(found["password"])


def _spellings(secrets: Iterable[str]) -> Iterator[str]:
    for secret in secrets:
        if len(secret) >= _MIN_CHARS:
            yield secret
            yield json.dumps(secret)[1:-1]
            yield json.dumps(secret, ensure_ascii=False)[1:-1]
