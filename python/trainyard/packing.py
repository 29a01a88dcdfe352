"""Packing one artifact: deciding what it is, writing or copying its bytes into the spool, telling the facts about it."""

import json
import os

from . import files
from .placing import make_entry, place
from .plain import as_text, is_plain, plain

#: Rows of a chart kept with the record, so that a dashboard can draw it without reading the file.
MAX_METADATA_ROWS = 2000
TABLE_PREVIEW_ROWS = 20


def pack(request, options):
    artifact, body, kind = request["artifact"], request["body"], request["kind"]
    common = {name: request[name] for name in ("artifact_path", "tag", "labels", "spool")}
    if kind == "model":
        from .models import pack_model

        return pack_model(request["key"], body=body, **{**artifact.model_options, **options}, **common)
    if kind == "dataset" or (kind is None and is_frame(body)):
        from .datasets import pack_dataset

        settings = {name: getattr(artifact, name, None) for name in ("stats", "preview", "label_column")}
        settings.update(options)
        return pack_dataset(request["key"], body, format=request["format"], local_path=request["local_path"], **settings, **common)
    if options:
        from .names import unknown_name

        known = ("key", "body", "local_path", "artifact_path", "tag", "labels", "format")
        return None, unknown_name("log_artifact() has no argument %r", next(iter(options)), known)
    if kind == "chart":
        return _pack_chart(request)
    if kind == "table" and body is not None:
        return _pack_table(request)
    if body is None:
        return _pack_path(request)
    if is_figure(body):
        return _pack_figure(request)
    return _pack_body(request)


def _entry(request, kind, target, path, format, metadata=None):
    spool, artifact = request["spool"], request["artifact"]
    metadata = {**plain(artifact.metadata), **(metadata or {})}
    if artifact.title:
        metadata["title"] = as_text(artifact.title)
    return make_entry(
        request["key"],
        kind,
        file=spool.relative(target),
        path=path,
        format=format,
        tag=request["tag"],
        labels=request["labels"],
        metadata=metadata,
    )


def _written(request, kind, data, suffix, metadata=None):
    """Write bytes under the name the request asks for (``suffix`` where it has none) and make the entry."""
    name = request["local_path"]
    if name is None:
        name = request["key"]
        if suffix and not name.lower().endswith("." + suffix):
            name = f"{name}.{suffix}"
    path, problem = place(name, request["artifact_path"], request["spool"])
    target = request["spool"].path(os.path.basename(path))
    files.write_bytes(target, data)
    format = request["format"] or os.path.splitext(path)[1].lstrip(".") or suffix
    return _entry(request, kind, target, path, format, metadata), problem


def _pack_body(request):
    body, kind = request["body"], request["kind"]
    name = request["local_path"] or request["key"]
    suffix = (request["format"] or "").lstrip(".")
    is_page = suffix.lower() in ("html", "htm") or name.lower().endswith((".html", ".htm"))
    if isinstance(body, str):
        has_suffix = bool(os.path.splitext(name)[1])
        return _written(request, kind or ("html" if is_page else "file"), files.text_bytes(body), suffix or ("" if has_suffix else "txt"))
    if isinstance(body, (bytes, bytearray, memoryview)) or hasattr(body, "read"):
        return _written(request, kind or ("html" if is_page else "file"), body, suffix)
    if _is_array(body):
        facts = {"encoding": "npy", "shape": list(body.shape), "type": str(body.dtype)}
        return _written(request, kind or "object", _array_bytes(body), suffix or "npy", facts)
    if is_plain(body):
        return _written(request, kind or "object", json_bytes(body), suffix or "json", {"encoding": "json"})
    return _written(request, kind or "object", pickle_bytes(body), suffix or "pkl", _pickle_facts(body))


def _is_array(value):
    return type(value).__module__ == "numpy" and type(value).__name__ == "ndarray" and value.dtype.kind != "O"


def _array_bytes(array):
    import io
    import sys

    content = io.BytesIO()
    sys.modules["numpy"].save(content, array, allow_pickle=False)
    return content.getvalue()


def json_bytes(value):
    return json.dumps(plain(value), indent=1, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def pickle_bytes(value):
    """Pickled with cloudpickle when the script has it loaded (it takes local functions and classes), else with pickle."""
    import pickle
    import sys

    pickler = sys.modules.get("cloudpickle") or pickle
    return pickler.dumps(value, protocol=4)


def _pickle_facts(value):
    import platform

    kind = type(value)
    return {"encoding": "pickle", "class": f"{kind.__module__}.{kind.__qualname__}", "python": platform.python_version()}


def _pack_path(request):
    """``local_path`` without a body: a snapshot of that file or folder, or a reference when it need not be copied."""
    key, local_path, kind, spool = request["key"], request["local_path"], request["kind"], request["spool"]
    out_path = getattr(spool, "out_path", None)
    local_out_path = None if files.is_url(out_path) else out_path
    if local_path is None:
        local_path = os.path.join(local_out_path, key) if local_out_path and os.path.lexists(os.path.join(local_out_path, key)) else None
    if local_path is None:
        return None, f"log_artifact({files.shown(key)}) needs body= (bytes, text or plain values) or local_path= (a file, a folder or a URL)"
    suffix = os.path.splitext(local_path.rstrip("/"))[1].lstrip(".")
    format = request["format"] or (suffix if suffix.isalnum() and len(suffix) <= 12 else None)
    details = {"format": format, "tag": request["tag"], "labels": request["labels"], "metadata": plain(request["artifact"].metadata)}
    if files.is_url(local_path) and not local_path.startswith("file://"):
        name = files.safe_relative_path(local_path.split("://", 1)[1].split("?")[0].rstrip("/").rsplit("/", 1)[-1] or key)
        return make_entry(key, kind or "file", url=local_path, path=name, **details), None
    local_path = local_path[len("file://") :] if local_path.startswith("file://") else local_path
    if local_out_path and not os.path.isabs(local_path) and not os.path.lexists(local_path):
        under = os.path.join(local_out_path, local_path)
        local_path = under if os.path.lexists(under) else local_path
    sort = files.kind_of_file(local_path)
    if kind == "directory" and sort != "directory":
        return None, f"{files.shown(local_path)} is a file, not a folder: log it with log_artifact({files.shown(key)}, local_path=...)"
    if sort == "file":
        page = kind is None and (format or "").lower() in ("html", "htm")
        kind = kind or ("html" if page else "file")
    elif kind is None:
        kind, details["format"] = "directory", request["format"]
    under = files.inside(local_path, local_out_path)
    if under is not None:
        return make_entry(key, kind, url=os.path.realpath(local_path), path=under, **details), None
    return _copied(request, local_path, sort, kind, details)


def _copied(request, local_path, sort, kind, details):
    spool = request["spool"]
    relative = os.path.normpath(local_path)
    stays_below = not os.path.isabs(relative) and not relative.startswith(os.pardir) and relative != os.curdir
    name = relative if stays_below else (os.path.basename(os.path.abspath(local_path)) or request["key"])
    path, problem = place(name, request["artifact_path"], spool)
    target = spool.path(os.path.basename(path))
    if sort == "file":
        files.copy_file(local_path, target)
    else:
        left_out = files.copy_tree(local_path, target, run_folders(spool))
        if left_out:
            names = ", ".join(files.shown(name, 60) for name in left_out[:5])
            sentence = f"{len(left_out)} of the entries of {files.shown(local_path)} were not copied ({names})"
            problem = f"{problem}; {sentence}" if problem else sentence
    return make_entry(request["key"], kind, file=spool.relative(target), path=path, **details), problem


def run_folders(spool):
    """``(device, inode)`` of the run's own working folder and out path, which a copied folder must not swallow."""
    folders = set()
    for folder in (spool.directory, getattr(spool, "run_directory", None), getattr(spool, "out_path", None)):
        try:
            status = os.stat(folder)
            folders.add((status.st_dev, status.st_ino))
        except (OSError, TypeError):
            pass  # a URL, or not made yet
    return folders


def _pack_chart(request):
    from .charts import chart_page

    chart = request["artifact"]
    header = [as_text(name) for name in chart.header]
    rows = [list(row) for row in chart.rows]
    if request["body"] is not None and not rows:
        return _pack_body(request)
    page = chart_page(chart.title or request["key"], header, rows)
    metadata = {"header": header, "rows": [plain(row) for row in rows[:MAX_METADATA_ROWS]], "length": len(rows), "chart": as_text(chart.chart)}
    request = {**request, "format": request["format"] or "html"}
    return _written(request, "chart", files.text_bytes(page), "html", metadata)


def _pack_table(request):
    from .datasets import frame_metadata, write_frame
    from .frames import frame_of

    frame = frame_of(request["body"], getattr(request["artifact"], "header", None))
    if frame is None:
        return _pack_body(request) if isinstance(request["body"], (str, bytes)) else (None, _not_a_table(request))
    format = "csv" if (request["format"] or "csv") not in ("csv", "parquet", "json", "jsonl") else request["format"] or "csv"
    name = request["local_path"] or (request["key"] if request["key"].endswith("." + format) else f"{request['key']}.{format}")
    path, problem = place(name, request["artifact_path"], request["spool"])
    target = request["spool"].path(os.path.basename(path))
    used, note = write_frame(frame, target, format)
    metadata = frame_metadata(frame, stats=False, preview=TABLE_PREVIEW_ROWS)
    return _entry(request, "table", target, path, used, {**metadata, **({"note": note} if note else {})}), problem


def _not_a_table(request):
    return f"The table {files.shown(request['key'])} needs a frame, a list of dicts or of rows, or a dict of equally long columns"


def is_frame(value):
    """A table of a library: lists and dicts are values, not frames, unless they are logged as a data set."""
    if value is None or isinstance(value, (str, bytes, list, tuple, dict)):
        return False
    if not any(hasattr(value, name) for name in ("columns", "column_names", "to_frame")):
        return False
    from .frames import frame_of

    return frame_of(value) is not None


def is_figure(value):
    return figure_sort(value) is not None


def figure_sort(value):
    """``'image'`` for what can ``savefig`` (matplotlib, seaborn), ``'picture'`` for a Pillow image, ``'page'`` for what can ``to_html``
    (plotly, Altair), else None."""
    if value is None or isinstance(value, (str, bytes, type)):
        return None
    if type(value).__module__.startswith("PIL.") and callable(getattr(value, "save", None)):
        return "picture"
    if callable(getattr(value, "savefig", None)):
        return "image"
    if callable(getattr(getattr(value, "figure", None), "savefig", None)):
        return "image"
    if callable(getattr(value, "to_html", None)) and not hasattr(value, "columns"):
        return "page"
    return None


def _pack_figure(request):
    import io

    figure = request["body"]
    if figure_sort(figure) == "page":
        if hasattr(figure, "to_plotly_json"):
            text = figure.to_html(include_plotlyjs=True, full_html=True)
        else:
            text = figure.to_html()
        request = {**request, "format": request["format"] or "html"}
        return _written(request, "plot", files.text_bytes(text), "html")
    suffix = os.path.splitext(request["local_path"] or request["key"])[1].lstrip(".").lower()
    format = (request["format"] or (suffix if suffix in ("png", "svg", "pdf", "jpg", "jpeg") else "png")).lstrip(".").lower()
    image = io.BytesIO()
    if figure_sort(figure) == "picture":
        figure.save(image, format="jpeg" if format == "jpg" else format)
    else:
        figure = figure if callable(getattr(figure, "savefig", None)) else figure.figure
        figure.savefig(image, format=format, bbox_inches="tight")
    return _written({**request, "format": format}, "plot", image.getvalue(), format)
