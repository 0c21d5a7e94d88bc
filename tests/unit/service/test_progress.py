"""What the operator reads."""

import io

from orchestrator.service.progress import Progress


def test_a_step_is_told_when_done_with_its_seconds_and_those_since_the_start():
    out, times = io.StringIO(), iter([0.0, 2.0, 5.0, 5.0])
    progress = Progress(out, clock=lambda: next(times))

    with progress.step("Ray is up"):
        pass

    assert out.getvalue() == "   5.0 s  Ray is up (3.0 s)\n"
