"""Artifacts: what a run leaves behind, and how one is packed for the journal.

``context.log_artifact(item, ...)`` takes a key or one of these objects. Packing never raises: it returns the journal's entry and one
sentence about what could not be done; either may be None.
"""

import os

from . import files
from .placing import checked_key
from .plain import as_text


class Artifact:
    """Bytes, text, plain values or a file under a key."""

    kind = None

    def __init__(self, key=None, body=None, *, local_path=None, format=None, tag="", labels=None, title=None, artifact_path=None, metadata=None):
        self.key = key
        self.body = body
        self.local_path = local_path
        self.format = format
        self.tag = tag
        self.labels = dict(labels or {})
        self.title = title
        self.artifact_path = artifact_path
        self.metadata = dict(metadata or {})

    def __repr__(self):
        return f"{type(self).__name__}({self.key!r})"


class ChartArtifact(Artifact):
    """Lines over a common axis: the first column of ``rows`` is the axis, each other column a line named by ``header``."""

    kind = "chart"

    def __init__(self, key=None, header=None, rows=None, *, chart="line", **options):
        super().__init__(key, **options)
        self.header = list(header or [])
        self.rows = [list(row) for row in rows or []]
        self.chart = chart

    def add_row(self, row):
        """Append one row, as long as the header."""
        self.rows.append(list(row))


class TableArtifact(Artifact):
    """A table kept as CSV: ``body``/``df`` is a frame, a list of dicts or of rows (named by ``header``) or a dict of columns."""

    kind = "table"

    def __init__(self, key=None, body=None, df=None, header=None, rows=None, **options):
        super().__init__(key, body if body is not None else df, **options)
        self.header = None if header is None else list(header)
        if rows is not None:
            self.body = [list(row) for row in rows]
        elif self.body is None and self.header is not None:
            self.body = []

    def add_row(self, row):
        """Append one row (tables made of ``header`` and ``rows``)."""
        if self.body is None:
            self.body = []
        self.body.append(list(row))


class PlotArtifact(Artifact):
    """A figure: matplotlib becomes PNG (``format='svg'`` or ``'pdf'`` as wished), plotly and Altair one self-contained HTML page."""

    kind = "plot"


class HtmlArtifact(Artifact):
    """An HTML page; dashboards show it in a sandbox."""

    kind = "html"

    def __init__(self, key=None, body=None, **options):
        options.setdefault("format", "html")
        super().__init__(key, body, **options)


class DirArtifact(Artifact):
    """A folder, copied as it is when it is logged."""

    kind = "directory"

    def __init__(self, key=None, local_path=None, **options):
        super().__init__(key, local_path=local_path, **options)


class LinkArtifact(Artifact):
    """Something that stays where it is: a URL or an absolute path."""

    kind = "file"

    def __init__(self, key=None, url=None, **options):
        super().__init__(key, local_path=url, **options)


class DatasetArtifact(Artifact):
    """A table of data; ``options`` beside those of ``Artifact`` are those of ``log_dataset``."""

    kind = "dataset"

    def __init__(self, key=None, df=None, *, stats=None, preview=None, label_column=None, **options):
        super().__init__(key, df, **options)
        self.stats = stats
        self.preview = preview
        self.label_column = label_column


class ModelArtifact(Artifact):
    """A model; ``model_options`` are those of ``log_model`` (framework, metrics, inputs, outputs, parameters, extra_data, ...)."""

    kind = "model"

    def __init__(self, key=None, body=None, *, model_file=None, model_dir=None, **options):
        own = ("tag", "labels", "title", "artifact_path", "metadata", "format", "local_path")
        super().__init__(key, body, **{name: options.pop(name) for name in own if name in options})
        self.model_options = {"model_file": model_file, "model_dir": model_dir, **options}


def pack_artifact(
    item, *, key=None, body=None, local_path=None, artifact_path=None, tag="", labels=None, format=None, spool, **options
):
    """The journal entry of one artifact and a sentence about what could not be done; never raises."""
    artifact = item if isinstance(item, Artifact) else Artifact(item)
    key = artifact.key if key is None else key
    from .packing import pack

    try:
        local_path = artifact.local_path if local_path is None else local_path
        request = {
            "key": checked_key(key, "log_artifact"),
            "artifact": artifact,
            "body": artifact.body if body is None else body,
            "local_path": None if local_path is None else os.fspath(local_path),
            "artifact_path": artifact_path or artifact.artifact_path,
            "tag": tag or artifact.tag,
            "labels": {**(artifact.labels or {}), **(labels or {})},
            "format": format or artifact.format,
            "kind": artifact.kind,
            "spool": spool,
        }
        return pack(request, options)
    except files.FileProblem as problem:
        return None, str(problem)
    except Exception as error:  # drawing, pickling and frames run foreign code; training must go on
        return None, f"Cannot log the artifact {files.shown(key)}: {type(error).__name__}: {as_text(error)[:500]}"
