"""Whose answer a composition told that a stage asked, and whose calls were made in it."""

from orchestrator.compositions.stages import CallDone, StageDone, author_of, expert_calls_of


def call(expert: str, *, by: str | None = None, stages=()) -> CallDone:
    return CallDone(expert=expert, took_s=0.0, answered_by=by, stages=tuple(stages))


def stage(*calls: CallDone) -> StageDone:
    return StageDone(name="any", took_s=0.0, calls=calls)


def test_an_expert_is_its_own_author():
    assert author_of("math", [stage(call("math"))]) == "math"


def test_the_author_is_found_however_deep_it_was_asked():
    innermost = stage(call("auto", by="math"))
    inner = stage(call("writer"), call("panel", by="auto", stages=[innermost]))

    assert author_of("outer", [stage(call("outer", by="panel", stages=[inner]))]) == "math"


def test_of_several_authors_nobody_knows_which_was_told():
    assert author_of("auto", [stage(call("auto", by="math"), call("auto", by="law"))]) == "auto"


def test_who_failed_before_it_asked_anybody_stands_for_itself():
    assert author_of("auto", [stage(call("auto"))]) == "auto"
    assert [one.expert for one in expert_calls_of([stage(call("auto"))])] == ["auto"]


def test_calls_of_experts_are_found_at_every_depth():
    inner = stage(call("math"), call("auto", by="law"))

    found = expert_calls_of([stage(call("panel", by="math", stages=[inner]), call("math"))])

    assert [one.expert for one in found] == ["math", "law", "math"]
