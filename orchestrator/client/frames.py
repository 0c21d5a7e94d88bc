"""Batches from data frames and back: pandas, polars, pyarrow and whatever else narwhals reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from orchestrator.client.batch_lines import Request
from orchestrator.client.batch_wire import BatchResult
from orchestrator.client.custom_ids import column_ids
from orchestrator.client.native_frames import column, plain, read_frame
from orchestrator.client.result_columns import ADDED, result_columns
from orchestrator.errors import InvalidRequestError

Frame = TypeVar("Frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """How a row becomes a request.

    Args:
        prompt: the column of texts, or of lists of messages.
        custom_id: the column of the rows' own names; `None` names them by their number, from 0.
        columns: field of the request -> column that has it: `{"temperature": "heat"}`; where a
            row's is empty, it has none.
        fields: fields that all requests have.
        prefix: before the names of the columns that are added.
    """

    prompt: str
    custom_id: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that a frame must have."""
        ids = () if self.custom_id is None else (self.custom_id,)
        return (self.prompt, *ids, *self.columns.values())


class AskedFrame:
    """A frame whose rows are asked, one request each.

    Args:
        frame: in memory, of any library that narwhals reads.
        form: how a row becomes a request.

    Raises:
        InvalidRequestError: it is no such frame, lacks a column, has one of those that are added,
            a prompt is empty, or an id is empty or there twice; names row, column and value.
        MissingExtraError: narwhals is not installed.
    """

    def __init__(self, frame: object, form: RowForm) -> None:
        self._frame = read_frame(frame)
        self._form = form
        self._require_columns()
        # All are looked at before anything is sent.
        self._prompts = [self._prompt(at, one) for at, one in enumerate(self._column(form.prompt))]
        self._ids = (
            [str(at) for at in range(len(self._prompts))]
            if form.custom_id is None
            else column_ids(self._column(form.custom_id), form.custom_id)
        )

    def requests(self) -> Iterator[Request]:
        """One a row, under its id."""
        names = list(self._form.columns)
        columns = [self._column(self._form.columns[name]) for name in names]
        for at, (custom_id, messages) in enumerate(zip(self._ids, self._prompts, strict=True)):
            told = {name: plain(values[at]) for name, values in zip(names, columns, strict=True)}
            own = {name: value for name, value in told.items() if value is not None}
            yield {
                "custom_id": custom_id, "body": {"messages": messages, **self._form.fields, **own},
            }  # fmt: skip

    def joined(self, results: Iterable[BatchResult]) -> Any:
        """The frame, in its order and of its kind, with the columns of `ADDED`.

        Rows without an answer have empty ones, and say why under `error`.
        """
        backend = self._frame.implementation
        added = [
            column(self._form.prefix + name, kind, values, backend=backend)
            for name, (kind, values) in result_columns(self._ids, results).items()
        ]
        return self._frame.with_columns(*added).to_native()

    def _column(self, name: str) -> list[Any]:
        return self._frame[name].to_list()

    def _require_columns(self) -> None:
        has = self._frame.columns
        if named := {"custom_id", "messages"} & {*self._form.columns, *self._form.fields}:
            raise InvalidRequestError(
                f"{sorted(named)} are set by the frame: ids by `custom_id`, messages by `prompt`"
            )
        for name in self._form.read:
            if name not in has:
                raise InvalidRequestError(f"the frame has no column {name!r}; it has {has}")
        if taken := [name for name in ADDED if self._form.prefix + name in has]:
            raise InvalidRequestError(
                f"the frame has columns {taken} already, which answers are to have: give a "
                "`prefix` for theirs"
            )

    def _prompt(self, at: int, prompt: Any) -> list[Any]:
        prompt = plain(prompt)
        if isinstance(prompt, str) and prompt.strip():
            return [{"role": "user", "content": prompt}]
        messages = prompt if isinstance(prompt, list) else []
        if messages and all(isinstance(one, Mapping) for one in messages):
            return messages
        raise InvalidRequestError(
            f"row {at} of column {self._form.prompt!r} is {prompt!r:.80}; a prompt is a text or a "
            "list of messages, and not empty"
        )
