"""Data frames of whatever library: pandas, polars, pyarrow and what else narwhals reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from math import isnan
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from orchestrator.errors import InvalidRequestError, MissingExtraError

if TYPE_CHECKING:
    import narwhals

#: Those that a frame can be made with.
Library: TypeAlias = Literal["pandas", "polars", "pyarrow"]
#: How a column is kept.
Kind: TypeAlias = Literal["text", "count", "number", "vectors"]
_LIBRARIES = ("pandas", "polars", "pyarrow")


def read_frame(frame: object) -> narwhals.DataFrame[Any]:
    """A frame in memory, as narwhals has it.

    Raises:
        InvalidRequestError: it is none, or has columns of one name.
        MissingExtraError: narwhals is not installed.
    """
    _require_narwhals()
    import narwhals

    try:
        return narwhals.from_native(frame, eager_only=True)
    except narwhals.exceptions.DuplicateError as exc:
        raise InvalidRequestError(f"the frame has columns of one name: {exc}") from exc
    except TypeError:
        raise InvalidRequestError(
            f"a {type(frame).__module__}.{type(frame).__qualname__} is no data frame in memory; "
            "allowed: those of pandas, polars, pyarrow, modin and cuDF"
        ) from None


def frame_with(columns: Mapping[str, tuple[Kind, Sequence[Any]]], *, library: Library) -> Any:
    """A new frame.

    Args:
        columns: name -> how it is kept, and its values, `None` where there is none.
        library: whose frame it is; see `require_library`.
    """
    import narwhals

    made = {
        name: column(name, kind, values, backend=library)
        for name, (kind, values) in columns.items()
    }
    return narwhals.from_dict(made, backend=library).to_native()


def require_library(library: Library) -> None:
    """Raises where no frame of a library can be made.

    Raises:
        InvalidRequestError: it makes none.
        MissingExtraError: it, or narwhals, is not installed.
    """
    if library not in _LIBRARIES:
        raise InvalidRequestError(f"{library!r} makes no frames; allowed: {list(_LIBRARIES)}")
    _require_narwhals()
    try:
        import_module(library)
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"a frame of {library} needs {library!r}, which is not installed: pip install "
            f"{library}, or ask for another of {list(_LIBRARIES)}"
        ) from None


def _require_narwhals() -> None:
    try:
        import_module("narwhals")
    except ModuleNotFoundError:
        raise MissingExtraError(
            "data frames are read by 'narwhals', which is not installed: pip install "
            "'orchestrator[data]'"
        ) from None


def column(name: str, kind: Kind, values: Sequence[Any], *, backend: Any) -> narwhals.Series[Any]:
    """One column of a frame of a library, told by its name or as narwhals has it."""
    import narwhals

    is_pandas = narwhals.Implementation.from_backend(backend).is_pandas_like()
    # pandas has numbers that are missing as floats alone.
    is_float = kind == "count" and is_pandas and None in values
    kinds: dict[Kind, narwhals.dtypes.DType] = {
        "text": narwhals.String(),
        "count": narwhals.Float64() if is_float else narwhals.Int64(),
        "number": narwhals.Float64(),
        "vectors": narwhals.Object()
        if is_pandas
        else narwhals.List(narwhals.List(narwhals.Float64())),
    }
    return narwhals.new_series(name, values, kinds[kind], backend=backend)


def plain(value: Any) -> Any:
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
