"""Takes secrets of keys out of texts that people keep."""

from __future__ import annotations

import re

from orchestrator.access.keys import KEY_MARK

_SECRET = re.compile(re.escape(KEY_MARK) + r"[A-Za-z0-9_-]+")


def redacted(text: str) -> str:
    """`text` without the secret of any key of this service: where one stood, its first letters."""
    return _SECRET.sub(f"{KEY_MARK}[redacted]", text) if KEY_MARK in text else text
