"""How a batch is watched when connections break: pure decisions and readers for both clients."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.client.batch_wire import BatchProgress
from orchestrator.client.failures import UnexpectedReplyError, failure
from orchestrator.client.replies import read
from orchestrator.client.retrying import Retries
from orchestrator.errors import OrchestratorError

_DONE = b"[DONE]"
#: Between two looks where there is no stream, seconds.
POLL_S = 1.0
#: Streams that broke one after the other: what lies between lets none through.
_MAX_BROKEN = 3


class Looks:
    """Whether to read a stream or to ask again and again, and when to give up.

    A stream that breaks is followed by one question, so that whoever watches is told something in
    any case; then a stream is tried again, unless three in a row told nothing.
    """

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._num_broken = 0
        self._num_failed = 0
        #: Whether the next look is a stream.
        self.is_streamed = True

    def heard(self) -> None:
        """Something was told."""
        self._num_failed = 0
        if self.is_streamed:
            self._num_broken = 0

    def ended(self) -> float:
        """A look is over and the batch is not; seconds until the next one."""
        if self.is_streamed:
            self._num_broken += 1
            self.is_streamed = False
            return 0.0
        self.is_streamed = self._num_broken < _MAX_BROKEN
        return POLL_S

    def failed(self, error: OrchestratorError, *, draw: float) -> float:
        """A look ended with `error`; seconds until the next one.

        Raises:
            OrchestratorError: the error, where asking again is of no use.
        """
        if self.is_streamed and isinstance(error, UnexpectedReplyError):
            return self.ended()
        self._num_failed += 1
        wait_s = self._retries.wait_s(error, attempt=self._num_failed, draw=draw)
        if wait_s is None:
            raise error
        return wait_s if not self.is_streamed else self.ended()


class ProgressReader:
    """Turns the bytes of a stream of progress into values, however they are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[BatchProgress]:
        """What `piece` completes.

        Raises:
            OrchestratorError: the service reported an error inside the stream.
            UnexpectedReplyError: an event is not what it should be.
        """
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            data = line.removeprefix(b"data:").strip()
            if not line.startswith(b"data:") or data == _DONE:
                continue
            if data.startswith(b'{"error"'):
                raise failure(data)
            yield read(BatchProgress, data)


class Download:
    """Lines of a file, over as many answers as it takes: each goes on at the byte of the last."""

    def __init__(self, *, retries: Retries) -> None:
        #: Where the next answer begins.
        self.start = 0
        self._skipped = 0
        self._rest = b""
        self._retries = retries
        self._num_failed = 0

    def begin(self, status: int) -> None:
        """An answer has come; one that is not of the part that was asked for is of all."""
        self._skipped = 0 if status == 206 else self.start

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Lines that `piece` completes, without their ends."""
        left = piece[self._skipped :]
        self._skipped -= len(piece) - len(left)
        self.start += len(left)
        self._num_failed = 0 if left else self._num_failed
        *lines, self._rest = (self._rest + left).split(b"\n")
        yield from lines

    def finish(self) -> Iterator[bytes]:
        """A last line without an end."""
        if self._rest:
            yield self._rest

    def failed(self, error: OrchestratorError, *, draw: float) -> float:
        """Seconds until the rest is asked for.

        Raises:
            OrchestratorError: the error, where asking again is of no use.
        """
        self._num_failed += 1
        wait_s = self._retries.wait_s(error, attempt=self._num_failed, draw=draw)
        if wait_s is None:
            raise error
        return wait_s
