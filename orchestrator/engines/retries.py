"""Further tries of one request: one budget, whoever tries again."""

from __future__ import annotations


class Retries:
    """Counts down; shared by every layer that could try again.

    Args:
        most: further tries of all calls of the request together.
    """

    def __init__(self, most: int) -> None:
        self.num_left = most

    def take(self) -> bool:
        """Whether one more may be made; it is counted."""
        if self.num_left <= 0:
            return False
        self.num_left -= 1
        return True
