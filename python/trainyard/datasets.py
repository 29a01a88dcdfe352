"""Data sets: the file, its schema, a preview of its first rows and statistics of its columns."""

import os

from . import files
from .frames import frame_of
from .placing import checked_key, make_entry, place
from .plain import as_text, plain

PREVIEW_ROWS = 20
MAX_PREVIEW_COLUMNS = 100
MAX_PREVIEW_CHARACTERS = 1000
#: Statistics come without being asked for when a data set is smaller than this.
AUTOMATIC_STATISTICS_ROWS = 10_000
AUTOMATIC_STATISTICS_COLUMNS = 100

FORMATS = {"csv": "csv", "parquet": "parquet", "pq": "parquet", "json": "json", "jsonl": "jsonl"}


class DatasetProblem(files.FileProblem):
    """One sentence about a data set."""


def pack_dataset(
    key,
    df,
    *,
    stats=None,
    preview=None,
    format=None,
    label_column=None,
    local_path=None,
    artifact_path=None,
    tag="",
    labels=None,
    extra_data=None,
    column_metadata=None,
    spool,
):
    """The journal entry of a data set and the sentence about what could not be done (either may be None).

    ``df`` is a pandas, Polars or Arrow table, a NumPy array, a list of dicts or of rows, or a dict of columns.

    ``format`` is ``csv``, ``parquet``, ``json`` or ``jsonl``. Without it the name of ``local_path`` or of the key decides
    (``scores.parquet``), else Polars and Arrow tables are kept as parquet and everything else as CSV: code that reads a pandas data set
    back with ``pd.read_csv`` must not depend on whether a parquet engine happens to be installed.

    ``stats`` True or False decides about statistics; None means: when there are under 10,000 rows and 100 columns.
    """
    try:
        checked_key(key, "log_dataset")
        frame = frame_of(df)
        if frame is None:
            raise DatasetProblem(
                f"log_dataset({files.shown(key)}) takes a data frame, an Arrow table, a 2-d array, a list of dicts or a dict of equally "
                f"long columns, not {_type_name(df)}"
            )
        wanted, sentence = _format_of(format, local_path or key, frame)
        name = local_path or (key if _suffix_format(key) == wanted else f"{key}.{wanted}")
        path, problem = place(name, artifact_path, spool)
        target = spool.path(os.path.basename(path))
        used, fallback = write_frame(frame, target, wanted)
        if used != wanted:
            path = os.path.splitext(path)[0] + "." + used
        sentences = [text for text in (sentence, problem, fallback if format or local_path else None) if text]
        metadata = frame_metadata(frame, stats=stats, preview=preview, label_column=label_column)
        if fallback:
            metadata["note"] = fallback
        if extra_data:
            metadata["extraData"] = plain(extra_data)
        if column_metadata:
            metadata["columnMetadata"] = plain(column_metadata)
        if label_column is not None and as_text(label_column) not in frame.names:
            sentences.append(f"The data set {files.shown(key)} has no column {files.shown(label_column)} to be its label column")
        entry = make_entry(key, "dataset", file=spool.relative(target), path=path, format=used, tag=tag, labels=labels, metadata=metadata)
        return entry, "; ".join(sentences) or None
    except files.FileProblem as problem:
        return None, str(problem)
    except Exception as error:  # a frame of a user's class can fail in any call; training must go on
        return None, f"Cannot log the data set {files.shown(key)}: {type(error).__name__}: {as_text(error)}"


def _type_name(value):
    kind = type(value)
    return kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"


def _suffix_format(name):
    return FORMATS.get(os.path.splitext(as_text(name))[1].lstrip(".").lower())


def _format_of(format, name, frame):
    """The format to use, and a sentence when the one asked for is unknown."""
    if format is None:
        return _suffix_format(name) or frame.default_format, None
    known = FORMATS.get(as_text(format).lstrip(".").lower())
    if known is not None:
        return known, None
    return frame.default_format, (
        f"The data set format {files.shown(format)} is not known, {frame.default_format} was used: take csv, parquet, json or jsonl"
    )


def write_frame(frame, target, format):
    """Write the frame. Returns the format that was used and why, when parquet had to become CSV; the file keeps its name."""
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if format == "parquet":
            try:
                frame.write_parquet(target)
                return "parquet", None
            except OSError:
                raise
            except Exception as error:  # no engine, or column types that parquet does not take
                frame.write_csv(target)
                reason = as_text(error.args[0] if isinstance(error, LookupError) and error.args else error).split("\n")[0]
                return "csv", f"Kept as CSV, because {reason[:300]}"
        if format in ("json", "jsonl"):
            _write_json(frame, target, lines=format == "jsonl")
        else:
            frame.write_csv(target)
        return format, None
    except OSError as error:
        files.remove_quietly(target)
        raise DatasetProblem(f"Cannot write the data set into the run: {files.reason_of(error)}") from error


def _write_json(frame, target, lines):
    import json

    columns = [frame.values(index) for index in range(len(frame.names))]
    with open(target, "w", encoding="utf-8") as file:
        rows = (dict(zip(frame.names, map(plain, row))) for row in zip(*columns))
        file.write("" if lines else "[")
        for number, row in enumerate(rows):
            file.write("" if number == 0 else "\n" if lines else ",\n")
            json.dump(row, file)
        file.write("\n" if lines else "]\n")


def _preview_cell(value):
    """A cell as plain JSON; long text and big nested values are cut, for the preview is kept with the record."""
    if isinstance(value, (str, bytes)) and len(value) > MAX_PREVIEW_CHARACTERS:
        value = value[:MAX_PREVIEW_CHARACTERS]
        return plain(value + "…" if isinstance(value, str) else value)
    value = plain(value)
    if isinstance(value, (list, dict)):
        text = str(value)
        return value if len(text) <= MAX_PREVIEW_CHARACTERS else text[:MAX_PREVIEW_CHARACTERS] + "…"
    return value


def frame_metadata(frame, *, stats=None, preview=None, label_column=None):
    """``header``, ``schema``, ``length``, ``preview`` and, when asked for or small, ``stats`` of a frame; everything plain JSON."""
    preview = PREVIEW_ROWS if preview is None else max(0, int(preview))
    rows = frame.head(preview)
    metadata = {
        "header": frame.names,
        "schema": [{"name": name, "type": kind} for name, kind in zip(frame.names, frame.types())],
        "length": frame.row_count,
        "preview": [[_preview_cell(value) for value in row[:MAX_PREVIEW_COLUMNS]] for row in rows],
    }
    if label_column is not None:
        metadata["labelColumn"] = as_text(label_column)
    if stats is None:
        stats = frame.row_count < AUTOMATIC_STATISTICS_ROWS and len(frame.names) < AUTOMATIC_STATISTICS_COLUMNS
    if stats:
        from .column_statistics import describe

        metadata["stats"] = describe(frame)
    return metadata
