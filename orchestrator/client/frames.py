"""Batches from data frames and back: pandas, polars, pyarrow and whatever else narwhals reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.client.batch_lines import Request
from orchestrator.client.batch_wire import BatchResult
from orchestrator.errors import InvalidRequestError, MissingExtraError

if TYPE_CHECKING:
    import narwhals

Frame = TypeVar("Frame")

#: Columns that an answered frame has more, in this order.
ADDED = ("answer", "answered_by", "error", "prompt_tokens", "completion_tokens")
_COUNTS = frozenset({"prompt_tokens", "completion_tokens"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """How a row becomes a request.

    Args:
        prompt: the column of texts, or of lists of messages.
        columns: field of the request -> column that has it: `{"temperature": "heat"}`; where a
            row's is empty, it has none.
        fields: fields that all requests have.
        prefix: before the names of the columns that are added.
    """

    prompt: str
    columns: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""


class AskedFrame:
    """A frame whose rows are asked, one request each.

    Args:
        frame: in memory, of any library that narwhals reads.
        form: how a row becomes a request.

    Raises:
        InvalidRequestError: it is no such frame, lacks a column, has one of those that are added,
            or a prompt is empty; names row and column.
        MissingExtraError: narwhals is not installed.
    """

    def __init__(self, frame: object, form: RowForm) -> None:
        self._frame = _read(frame)
        self._form = form
        self._require_columns()
        # All are looked at before anything is sent.
        self._prompts = [self._prompt(at, one) for at, one in enumerate(self._column(form.prompt))]

    def requests(self) -> Iterator[Request]:
        """One a row; its `custom_id` is its number, from 0."""
        names = list(self._form.columns)
        columns = [self._column(self._form.columns[name]) for name in names]
        for at, messages in enumerate(self._prompts):
            told = {name: _plain(column[at]) for name, column in zip(names, columns, strict=True)}
            own = {name: value for name, value in told.items() if value is not None}
            yield {"custom_id": str(at), "body": {"messages": messages, **self._form.fields, **own}}

    def joined(self, results: Iterable[BatchResult]) -> Any:
        """The frame, in its order and of its kind, with the columns of `ADDED`.

        Rows without an answer have empty ones, and say why under `error`.
        """
        rows: list[dict[str, Any]] = [_EMPTY for _ in self._prompts]
        for result in results:
            rows[int(result.custom_id)] = _row(result)
        added = [self._added(name, [row[name] for row in rows]) for name in ADDED]
        return self._frame.with_columns(*added).to_native()

    def _added(self, name: str, values: list[Any]) -> narwhals.Series[Any]:
        import narwhals

        kind: narwhals.dtypes.DType = narwhals.String()
        backend = self._frame.implementation
        if name in _COUNTS:
            # pandas has numbers that are missing as floats alone.
            is_float = backend.is_pandas_like() and None in values
            kind = narwhals.Float64() if is_float else narwhals.Int64()
        return narwhals.new_series(self._form.prefix + name, values, kind, backend=backend)

    def _column(self, name: str) -> list[Any]:
        return self._frame[name].to_list()

    def _require_columns(self) -> None:
        has = self._frame.columns
        if named := {"custom_id", "messages"} & {*self._form.columns, *self._form.fields}:
            raise InvalidRequestError(
                f"{sorted(named)} are set by the frame: rows by their number, messages by `prompt`"
            )
        for name in (self._form.prompt, *self._form.columns.values()):
            if name not in has:
                raise InvalidRequestError(f"the frame has no column {name!r}; it has {has}")
        if taken := [name for name in ADDED if self._form.prefix + name in has]:
            raise InvalidRequestError(
                f"the frame has columns {taken} already, which answers are to have: give a "
                "`prefix` for theirs"
            )

    def _prompt(self, at: int, prompt: Any) -> list[Any]:
        prompt = _plain(prompt)
        if isinstance(prompt, str) and prompt.strip():
            return [{"role": "user", "content": prompt}]
        messages = prompt if isinstance(prompt, list) else []
        if messages and all(isinstance(one, Mapping) for one in messages):
            return messages
        raise InvalidRequestError(
            f"row {at} of column {self._form.prompt!r} is {prompt!r:.80}; a prompt is a text or a "
            "list of messages, and not empty"
        )


_EMPTY: dict[str, Any] = dict.fromkeys(ADDED) | {"error": "not_answered"}


def _plain(value: Any) -> Any:
    """As JSON has it; pandas has words of its own for what is missing, and floats beside it."""
    if hasattr(value, "tolist"):  # of numpy, which cells of parquet are read as
        value = value.tolist()
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, float):
        if isnan(value):
            return None
        return int(value) if value.is_integer() else value
    return value


def _row(result: BatchResult) -> dict[str, Any]:
    body = result.response.body if result.response is not None else {}
    if not result.is_ok:
        told = body.get("error") or {}
        code = result.error.code if result.error is not None else None
        return dict.fromkeys(ADDED) | {"error": code or told.get("code") or "not_answered"}
    usage = body.get("usage") or {}
    return {
        "answer": result.text,
        "answered_by": body.get("model"),
        "error": None,
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
    }


def _read(frame: object) -> narwhals.DataFrame[Any]:
    try:
        import narwhals
    except ModuleNotFoundError:
        raise MissingExtraError(
            "data frames are read by 'narwhals', which is not installed: pip install "
            "'orchestrator[data]'"
        ) from None
    try:
        return narwhals.from_native(frame, eager_only=True)
    except narwhals.exceptions.DuplicateError as exc:
        raise InvalidRequestError(f"the frame has columns of one name: {exc}") from exc
    except TypeError:
        raise InvalidRequestError(
            f"a {type(frame).__module__}.{type(frame).__qualname__} is no data frame in memory; "
            "allowed: those of pandas, polars, pyarrow, modin and cuDF"
        ) from None
