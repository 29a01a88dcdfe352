"""One view over the shapes tabular data comes in: pandas, Polars, Arrow, NumPy, lists and dicts.

A library is touched only when the user's object already belongs to it; nothing here imports pandas, Polars, Arrow or NumPy on its
own. ``frame_of(value)`` gives a ``Frame`` or None.
"""

import sys
from collections.abc import Mapping

from .plain import as_text, is_missing, plain


#: Below this, importing Arrow costs more than its faster CSV writer saves.
MANY_VALUES = 500_000


class Frame:
    """Column names (as text, in order, duplicates kept), types (as text) and values of a table."""

    #: The format a data set of this sort is kept in unless the user says otherwise.
    default_format = "csv"

    def __init__(self, names, row_count):
        self.names = [as_text(name) for name in names]
        self.row_count = row_count

    def types(self):
        """The library's own name for each column's type."""
        raise NotImplementedError

    def values(self, index):
        """Column ``index`` as a list of Python values, missing ones included."""
        raise NotImplementedError

    def numbers(self, index):
        """Column ``index`` as a NumPy array: integers when none is missing, else floats with NaN; None when it is not numeric or
        NumPy is away."""
        return None

    def head(self, count):
        """The first ``count`` rows as lists of Python values."""
        columns = [self.values(index)[:count] for index in range(len(self.names))]
        return [list(row) for row in zip(*columns)]

    def write_csv(self, path):
        import csv

        with open(path, "w", newline="", encoding="utf-8", errors="replace") as file:
            writer = csv.writer(file)
            writer.writerow(self.names)
            columns = [self.values(index) for index in range(len(self.names))]
            writer.writerows([_csv_cell(value) for value in row] for row in zip(*columns))

    def write_parquet(self, path):
        raise LookupError("parquet needs pandas with pyarrow, Polars, or Arrow")


def _csv_cell(value):
    if is_missing(value):
        return ""
    if isinstance(value, (str, int, float)):
        return value
    plain_value = plain(value)
    return as_text(value) if isinstance(plain_value, (dict, list)) else plain_value


def _numpy():
    return sys.modules.get("numpy")


class PandasFrame(Frame):
    def __init__(self, frame):
        frame = _with_index_as_columns(frame)
        super().__init__([_column_name(name) for name in frame.columns], len(frame))
        self.frame = frame

    def types(self):
        return [str(dtype) for dtype in self.frame.dtypes]

    def values(self, index):
        return self.frame.iloc[:, index].tolist()

    def numbers(self, index):
        series = self.frame.iloc[:, index]
        kind = getattr(series.dtype, "kind", "O")
        if kind not in "iuf":
            return None
        if kind in "iu" and not series.isna().any():
            return series.to_numpy(dtype="uint64" if kind == "u" else "int64")
        return series.to_numpy(dtype=float, na_value=float("nan"))

    def head(self, count):
        return PandasFrame._rows(self.frame.iloc[:count])

    @staticmethod
    def _rows(frame):
        columns = [frame.iloc[:, index].tolist() for index in range(frame.shape[1])]
        return [list(row) for row in zip(*columns)]

    def write_csv(self, path):
        if self.frame.size < MANY_VALUES or not self._write_csv_with_arrow(path):
            self.frame.to_csv(path, index=False, header=self.names)

    def _write_csv_with_arrow(self, path):
        """Arrow writes the same table 10 times faster; False when it is not installed or does not take the columns."""
        try:
            import pyarrow.csv

            frame = self.frame if list(self.frame.columns) == self.names else self.frame.set_axis(self.names, axis=1)
            pyarrow.csv.write_csv(pyarrow.Table.from_pandas(frame, preserve_index=False), path)
            return True
        except OSError:
            raise
        except Exception:  # mixed or nested columns, repeated names: pandas writes those
            return False

    def write_parquet(self, path):
        import importlib.util

        if not any(importlib.util.find_spec(name) for name in ("pyarrow", "fastparquet")):
            raise LookupError("parquet needs the package pyarrow")
        frame = self.frame
        if list(frame.columns) != self.names:
            frame = frame.set_axis(self.names, axis=1)
        frame.to_parquet(path, index=False)


def _with_index_as_columns(frame):
    """An index that says something (a name, labels, dates) becomes the first columns; a plain row number does not."""
    index = frame.index
    if index.nlevels == 1 and index.name is None and type(index).__name__ == "RangeIndex":
        return frame
    if index.nlevels == 1 and index.name is None and index.dtype.kind in "iu":
        return frame.reset_index(drop=True)
    try:
        return frame.reset_index()
    except ValueError:  # a column already has that name
        return frame.reset_index(drop=True)


def _column_name(name):
    return ".".join(as_text(part) for part in name if as_text(part)) if isinstance(name, tuple) else name


class PolarsFrame(Frame):
    default_format = "parquet"

    def __init__(self, frame):
        super().__init__(frame.columns, frame.height)
        self.frame = frame

    def types(self):
        return [str(dtype) for dtype in self.frame.dtypes]

    def values(self, index):
        return self.frame.to_series(index).to_list()

    def numbers(self, index):
        series = self.frame.to_series(index)
        if _numpy() is None or not series.dtype.is_numeric():
            return None
        if series.dtype.is_integer() and series.null_count() == 0:
            return series.to_numpy()
        polars = sys.modules["polars"]
        return series.cast(polars.Float64, strict=False).fill_null(float("nan")).to_numpy()

    def head(self, count):
        return [list(row) for row in self.frame.head(count).rows()]

    def write_csv(self, path):
        if any(dtype.is_nested() for dtype in self.frame.dtypes):
            super().write_csv(path)
        else:
            self.frame.write_csv(path)

    def write_parquet(self, path):
        self.frame.write_parquet(path)


class ArrowFrame(Frame):
    default_format = "parquet"

    def __init__(self, table):
        super().__init__(table.schema.names, table.num_rows)
        self.table = table

    def types(self):
        return [str(field.type) for field in self.table.schema]

    def values(self, index):
        return self.table.column(index).to_pylist()

    def numbers(self, index):
        numpy = _numpy()
        types = sys.modules["pyarrow"].types
        kind = self.table.schema.field(index).type
        if numpy is None or not (types.is_integer(kind) or types.is_floating(kind)):
            return None
        return _arrow_numbers(self.table.column(index), numpy)

    def head(self, count):
        part = self.table.slice(0, count)
        return [list(row) for row in zip(*[part.column(index).to_pylist() for index in range(len(self.names))])]

    def write_csv(self, path):
        import pyarrow.csv

        try:
            pyarrow.csv.write_csv(self.table, path)
        except pyarrow.ArrowInvalid:  # nested columns have no CSV form of Arrow's own
            super().write_csv(path)

    def write_parquet(self, path):
        import pyarrow.parquet

        pyarrow.parquet.write_table(self.table, path)


def _arrow_numbers(column, numpy):
    import pyarrow.compute

    if column.null_count == 0:
        return column.to_numpy()
    filled = pyarrow.compute.fill_null(pyarrow.compute.cast(column, "float64", safe=False), float("nan"))
    return filled.to_numpy()


class NumpyFrame(Frame):
    def __init__(self, array, names=None):
        if array.dtype.names:
            self.columns = [array[name] for name in array.dtype.names]
            names = array.dtype.names
        else:
            array = array.reshape(-1, 1) if array.ndim == 1 else array
            self.columns = [array[:, index] for index in range(array.shape[1])]
        names = names if names is not None and len(names) == len(self.columns) else range(len(self.columns))
        super().__init__(names, len(array))

    def types(self):
        return [str(column.dtype) for column in self.columns]

    def values(self, index):
        return self.columns[index].tolist()

    def numbers(self, index):
        column = self.columns[index]
        if column.dtype.kind in "iu":
            return column
        return column.astype(float) if column.dtype.kind == "f" else None

    def head(self, count):
        return [list(row) for row in zip(*[column[:count].tolist() for column in self.columns])]


class ListFrame(Frame):
    """Columns as lists of Python values."""

    def __init__(self, names, columns):
        self.columns = columns
        super().__init__(names, len(columns[0]) if columns else 0)

    def types(self):
        return [_type_of(column) for column in self.columns]

    def values(self, index):
        return self.columns[index]


def _type_of(column):
    kinds = {type(value).__name__ for value in column if not is_missing(value)}
    if not kinds:
        return "null"
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "mixed"


def frame_of(value, header=None):
    """A ``Frame`` over ``value``, or None when it is not tabular. ``header`` names the columns of rows and arrays."""
    if isinstance(value, Frame):
        return value
    return _library_frame(value, header) or _python_frame(value, header)


def _library_frame(value, header):
    for library, make in (("pandas", _from_pandas), ("polars", _from_polars), ("pyarrow", _from_arrow)):
        module = sys.modules.get(library)
        frame = make(module, value) if module is not None else None
        if frame is not None:
            return frame
    numpy = _numpy()
    if numpy is not None and isinstance(value, numpy.ndarray):
        if value.dtype.names or value.ndim in (1, 2):
            return NumpyFrame(value, header)
        return None
    for name in ("to_pandas", "toPandas", "compute"):
        method = getattr(value, name, None) if not isinstance(value, type) else None
        if callable(method) and hasattr(value, "columns"):
            converted = method()
            return None if type(converted) is type(value) else _library_frame(converted, header)
    return None


def _from_pandas(pandas, value):
    if isinstance(value, pandas.Series):
        value = value.to_frame(0 if value.name is None else value.name)
    return PandasFrame(value) if isinstance(value, pandas.DataFrame) else None


def _from_polars(polars, value):
    if isinstance(value, polars.LazyFrame):
        value = value.collect()
    if isinstance(value, polars.Series):
        value = value.to_frame()
    return PolarsFrame(value) if isinstance(value, polars.DataFrame) else None


def _from_arrow(pyarrow, value):
    if isinstance(value, pyarrow.RecordBatch):
        value = pyarrow.Table.from_batches([value])
    return ArrowFrame(value) if isinstance(value, pyarrow.Table) else None


def _python_frame(value, header):
    if isinstance(value, Mapping):
        columns = [_as_list(column) for column in value.values()]
        if columns and all(column is not None and len(column) == len(columns[0]) for column in columns):
            return ListFrame(list(value), columns)
        return ListFrame([], []) if not value and header is None else None
    if isinstance(value, (list, tuple)):
        return _from_rows(list(value), header)
    return None


def _as_list(column):
    if isinstance(column, (list, tuple, range)):
        return list(column)
    for name in ("to_list", "tolist", "to_pylist"):
        method = getattr(column, name, None)
        if callable(method):
            values = method()
            return values if isinstance(values, list) else None
    return None


def _from_rows(rows, header):
    if all(isinstance(row, Mapping) for row in rows):
        names = list(header) if header is not None else list({name: None for row in rows for name in row})
        return ListFrame(names, [[row.get(name) for row in rows] for name in names])
    if all(isinstance(row, (list, tuple)) for row in rows):
        width = max(len(row) for row in rows)
        names = list(header) if header is not None else list(range(width))
        names += list(range(len(names), width))
        return ListFrame(names, [[row[index] if index < len(row) else None for row in rows] for index in range(len(names))])
    if header is not None or not any(isinstance(row, (Mapping, list, tuple)) for row in rows):
        return ListFrame(list(header) if header and len(header) == 1 else ["value"], [rows])
    return None
