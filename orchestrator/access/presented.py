"""What a caller presents: the secret in its `authorization` header."""

from __future__ import annotations

from orchestrator.errors import UnauthenticatedError

#: Letters; ours have 50, and nobody's are read beyond this.
_MAX_LETTERS = 512
_HOW = "send one as 'Authorization: Bearer KEY'"


def secret_of(presented: str | None) -> str:
    """The secret in an `authorization` header; nothing of it is ever told back.

    Raises:
        UnauthenticatedError: there is none, or the header has another form.
    """
    if presented is None or not presented.strip():
        raise UnauthenticatedError(f"this service asks for a key; {_HOW}")
    if len(presented) > _MAX_LETTERS:
        raise UnauthenticatedError(
            f"the 'authorization' header has {len(presented)} letters, at most {_MAX_LETTERS} are "
            f"allowed; {_HOW}"
        )
    scheme, _, secret = presented.strip().partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise UnauthenticatedError(
            f"the 'authorization' header has no key after the word 'Bearer'; {_HOW}"
        )
    if not secret.isascii() or not secret.isprintable() or set(secret) & set(" ,"):
        raise UnauthenticatedError(
            "the 'authorization' header holds more than one key, or letters that no key has; "
            f"{_HOW}, once"
        )
    return secret
