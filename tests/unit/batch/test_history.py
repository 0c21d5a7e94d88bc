from orchestrator.batch.history import History, load_history, save_history
from orchestrator.batch.progress import Bar, SlotRun
from orchestrator.batch.storage_memory import MemoryStorage


def run(begins_s: float, ends_s: float | None) -> SlotRun:
    return SlotRun(
        slot="s", expert="e", num_calls=4, num_done=3, begins_s=begins_s, ends_s=ends_s,
        is_swapped=True,
    )  # fmt: skip


def test_runs_of_a_second_execution_stand_where_they_were_in_time():
    first = History(begun_s=100.0).went_on([run(0.0, 2.0)], begun_s=100.0)

    both = first.went_on([run(0.5, 3.0), run(3.0, None)], begun_s=150.0)

    assert [(bar.begins_s, bar.ends_s, bar.num_calls) for bar in both.happened] == [
        (0.0, 2.0, 3),
        (50.5, 53.0, 3),
    ]


async def test_what_is_stored_is_what_is_told():
    storage = MemoryStorage()
    history = History(
        begun_s=1.0,
        predicted=(
            Bar(slot="s", expert="e", stage=1, num_calls=2, begins_s=0, step="swap", step_s=1,
                ends_s=3),
        ),
        lower_bound_s=2.5,
    )  # fmt: skip
    await save_history(storage, "b", history)

    found = await load_history(storage, "b")

    assert found == history
    assert found.timeline("b").predicted == history.predicted
