"""A collector of traces that drops them: `python -m bench.span_sink --port 4318`."""

from __future__ import annotations

import sys

from bench.raw_http import response, run

_TAKEN = response(b"", kind=b"application/x-protobuf")


def main() -> int:
    """Command line of the sink."""
    run(lambda _: _TAKEN, description=__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
