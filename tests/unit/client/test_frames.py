"""Rows of data frames as requests, and answers as their columns."""

import narwhals
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from orchestrator.client.batch_wire import BatchResult, LineError, LineResponse
from orchestrator.client.frames import AskedFrame, RowForm
from orchestrator.client.result_columns import ADDED
from orchestrator.errors import InvalidRequestError

ROWS = {"question": ["1+1?", "2+2?", "3+3?"], "heat": [0.5, None, 0.0]}
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
FORM = RowForm(prompt="question", columns={"temperature": "heat"}, fields={"max_tokens": 4})


def answered(row: int | str, text: str, *, cost_usd: float | None = None) -> BatchResult:
    body = {
        "model": "math",
        "choices": [{"message": {"content": text}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": len(text)},
    }
    return BatchResult(
        id="l",
        custom_id=str(row),
        response=LineResponse(status_code=200, body=body, cost_usd=cost_usd),
    )


def refused(row: int) -> BatchResult:
    body = {"error": {"code": "overloaded", "message": "too much"}}
    return BatchResult(
        id="l", custom_id=str(row), response=LineResponse(status_code=503, body=body)
    )


def as_rows(frame) -> list[dict]:
    if isinstance(frame, pd.DataFrame):
        frame = pa.Table.from_pandas(frame, preserve_index=False)
    return frame.to_pylist() if isinstance(frame, pa.Table) else frame.to_dicts()


@pytest.fixture(params=KINDS, ids=str)
def make(request):
    return KINDS[request.param]


def test_a_row_is_a_request_without_the_fields_that_it_leaves_empty(make):
    requests = list(AskedFrame(make(ROWS), FORM).requests())

    assert [one["custom_id"] for one in requests] == ["0", "1", "2"]
    assert [one["body"].get("temperature") for one in requests] == [0.5, None, 0.0]
    assert "temperature" not in requests[1]["body"]
    assert requests[0]["body"]["messages"] == [{"role": "user", "content": "1+1?"}]
    assert requests[0]["body"]["max_tokens"] == 4


def test_answers_are_columns_of_a_frame_of_its_kind_in_its_order(make):
    frame = make(ROWS)

    joined = AskedFrame(frame, FORM).joined([answered(2, "six"), answered(0, "two"), refused(1)])

    assert type(joined) is type(frame)
    rows = as_rows(joined)
    assert [row["question"] for row in rows] == ROWS["question"]
    assert [row["answer"] for row in rows] == ["two", None, "six"]
    assert [row["answered_by"] for row in rows] == ["math", None, "math"]
    assert [row["error"] for row in rows] == [None, "overloaded", None]
    assert [row["completion_tokens"] for row in rows] == [3, None, 3]


def test_each_row_has_its_price_where_the_service_knows_one(make):
    results = [answered(0, "two", cost_usd=0.25), answered(1, "four"), refused(2)]

    rows = as_rows(AskedFrame(make(ROWS), FORM).joined(results))

    assert [row["cost_usd"] for row in rows] == [0.25, None, None]


def test_prices_are_a_column_of_numbers_though_none_is_known(make):
    joined = AskedFrame(make(ROWS), FORM).joined([answered(0, "two")])

    assert str(narwhals.from_native(joined)["cost_usd"].dtype) == "Float64"


@pytest.mark.parametrize("ids", [["c", "a", "b"], [30, 10, 20]], ids=["texts", "numbers"])
def test_rows_go_by_the_ids_of_their_column_and_keep_it(make, ids):
    asked = AskedFrame(make(ROWS | {"key": ids}), RowForm(prompt="question", custom_id="key"))

    assert [one["custom_id"] for one in asked.requests()] == [str(one) for one in ids]
    rows = as_rows(asked.joined([answered(ids[2], "six"), answered(ids[0], "two")]))
    assert [(row["key"], row["answer"]) for row in rows] == [
        (ids[0], "two"), (ids[1], None), (ids[2], "six"),
    ]  # fmt: skip


def test_an_index_of_pandas_that_repeats_itself_is_kept_as_it_is():
    frame = pd.DataFrame(ROWS | {"key": ["c", "a", "b"]}, index=[1, 1, 0])

    joined = AskedFrame(frame, RowForm(prompt="question", custom_id="key")).joined(
        [answered("b", "six"), answered("a", "four"), answered("c", "two")]
    )

    assert list(joined.index) == [1, 1, 0]
    assert list(joined["answer"]) == ["two", "four", "six"]


def test_an_index_of_pandas_stays_with_its_rows():
    frame = pd.DataFrame(ROWS, index=[30, 10, 20])

    joined = AskedFrame(frame, FORM).joined([answered(row, str(row)) for row in range(3)])

    assert joined["answer"].to_dict() == {30: "0", 10: "1", 20: "2"}
    assert joined["prompt_tokens"].dtype == "int64"
    assert list(frame.columns) == list(ROWS)


def test_a_row_of_an_expired_batch_says_why_it_has_no_answer(make):
    expired = BatchResult(
        id="l", custom_id="0", error=LineError(code="batch_expired", message="too late")
    )

    rows = as_rows(AskedFrame(make(ROWS), FORM).joined([expired]))

    assert [row["error"] for row in rows] == ["batch_expired", "not_answered", "not_answered"]


def test_what_pandas_makes_of_gaps_is_sent_as_it_was_meant():
    frame = pd.DataFrame({"q": ["a", "b"], "most": [8, None]})
    frame["seed"] = pd.array([None, 3], dtype="Int64")
    form = RowForm(prompt="q", columns={"max_tokens": "most", "seed": "seed"})

    first, second = (one["body"] for one in AskedFrame(frame, form).requests())

    assert (first["max_tokens"], "seed" in first) == (8, False)
    assert isinstance(first["max_tokens"], int)
    assert (second["seed"], "max_tokens" in second) == (3, False)


def test_messages_that_pandas_read_from_parquet_are_messages(tmp_path):
    turns = [[{"role": "user", "content": "1+1?"}]]
    pl.DataFrame({"turns": turns}).write_parquet(tmp_path / "t.parquet")

    (request,) = AskedFrame(
        pd.read_parquet(tmp_path / "t.parquet"), RowForm(prompt="turns")
    ).requests()

    assert request["body"]["messages"] == turns[0]


def test_columns_of_one_name_are_refused():
    frame = pd.DataFrame([["a", "b"]], columns=["q", "q"])

    with pytest.raises(InvalidRequestError, match="columns of one name"):
        AskedFrame(frame, RowForm(prompt="q"))


def test_messages_may_stand_in_a_column():
    turns = [[{"role": "system", "content": "Brief."}, {"role": "user", "content": "1+1?"}]]

    (request,) = AskedFrame(pl.DataFrame({"turns": turns}), RowForm(prompt="turns")).requests()

    assert request["body"]["messages"] == turns[0]


@pytest.mark.parametrize(
    ("frame", "form", "said"),
    [
        ({"q": ["a"]}, RowForm(prompt="question"), "no column 'question'; it has ['q']"),
        ({"q": ["a"]}, RowForm(prompt="q", columns={"model": "by"}), "no column 'by'"),
        ({"q": ["a", None]}, RowForm(prompt="q"), "row 1 of column 'q' is None"),
        ({"q": ["a", ""]}, RowForm(prompt="q"), "row 1 of column 'q' is ''"),
        ({"q": ["a", "  "]}, RowForm(prompt="q"), "row 1 of column 'q' is '  '"),
        ({"q": ["a"]}, RowForm(prompt="q", columns={"custom_id": "q"}), "['custom_id'] are set"),
        (
            {"q": ["a", "b"], "key": ["x", "x"]},
            RowForm(prompt="q", custom_id="key"),
            "row 1 of column 'key' is 'x', which row 0 of column 'key' is too",
        ),
        (
            {"q": ["a", "b"], "key": [1, None]},
            RowForm(prompt="q", custom_id="key"),
            "row 1 of column 'key' is None; it must be a text of 1 to 512",
        ),
        ({"q": ["a"]}, RowForm(prompt="q", custom_id="key"), "no column 'key'; it has ['q']"),
        ({"q": [1]}, RowForm(prompt="q"), "row 0 of column 'q' is 1"),
        ({"q": ["a"], "answer": ["b"]}, RowForm(prompt="q"), "['answer'] already"),
    ],
    ids=[
        "no prompt",
        "no column",
        "nothing",
        "empty",
        "blank",
        "an id",
        "id twice",
        "id missing",
        "no ids",
        "a number",
        "taken",
    ],
)
def test_what_is_no_request_is_named_before_anything_is_sent(frame, form, said):
    with pytest.raises(InvalidRequestError) as caught:
        AskedFrame(pl.DataFrame(frame), form)

    assert said in caught.value.message


def test_a_prefix_keeps_columns_apart():
    frame = pl.DataFrame({"q": ["a"], "answer": ["b"]})

    joined = AskedFrame(frame, RowForm(prompt="q", prefix="ours_")).joined([answered(0, "c")])

    assert joined.columns == ["q", "answer", *(f"ours_{name}" for name in ADDED)]


@pytest.mark.parametrize("other", [[{"q": "a"}], pl.LazyFrame(ROWS)], ids=["rows", "lazy"])
def test_what_is_no_frame_in_memory_is_refused_by_its_type(other):
    with pytest.raises(InvalidRequestError, match="is no data frame in memory"):
        AskedFrame(other, FORM)
