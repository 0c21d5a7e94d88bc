from hypothesis import given
from hypothesis import strategies as st

from orchestrator.batch.batch import BatchFault
from orchestrator.batch.fault_list import FaultList


def fault(line: int | None) -> BatchFault:
    return BatchFault(code="c", message="m", line=line)


@given(numbers=st.lists(st.integers(1, 1_000), max_size=60), max_told=st.integers(1, 10))
def test_the_faults_of_the_first_lines_are_told_and_the_others_counted(numbers, max_told):
    faults = FaultList(max_told=max_told)
    faults.extend(fault(number) for number in numbers)

    told = faults.told()

    assert len(faults) == len(numbers)
    assert [one.line for one in told if one.code == "c"] == sorted(numbers)[:max_told]
    num_more = len(numbers) - max_told
    assert [one.message for one in told if one.code != "c"] == (
        [f"{num_more} more faults are not listed; correct those above first"]
        if num_more > 0
        else []
    )


def test_faults_of_the_whole_file_come_first():
    faults = FaultList(max_told=2)
    faults.extend([fault(3), fault(1), fault(None)])

    assert [one.line for one in faults.told()] == [None, 1, None]
