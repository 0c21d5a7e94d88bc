"""What an error keeps alive besides itself."""

from __future__ import annotations


def let_go(error: BaseException) -> None:
    """Forget the frames that an error and its causes passed through; it has been told.

    Those of a request hold its buffers, and who remembers the error is among them: a circle that
    stays until the next collection, and with it whatever an upstream sent, 16 MiB at most.
    """
    left, seen = [error], set[int]()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        left += [other for other in (one.__cause__, one.__context__) if other is not None]
