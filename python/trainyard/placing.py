"""Where an artifact goes under the out path, and its entry in the journal."""

import os

from . import files
from .plain import as_text


def checked_key(key, call):
    """``key`` when it is text that names something."""
    if not isinstance(key, str) or not key.strip():
        raise files.FileProblem(f"{call} needs a key (text), not {files.shown(repr(key))}")
    return key


def make_entry(key, kind, *, file=None, url=None, path, format=None, tag="", labels=None, metadata=None):
    """A ``JournalArtifact``: exactly one of ``file`` and ``url``, nothing that is empty."""
    entry = {"key": as_text(key), "kind": kind, **({"url": url} if url is not None else {"file": file}), "path": path}
    if format:
        entry["format"] = as_text(format).lstrip(".").lower()
    if tag:
        entry["tag"] = as_text(tag)
    if labels:
        entry["labels"] = {as_text(name): as_text(value) for name, value in dict(labels).items()}
    if metadata:
        entry["metadata"] = metadata
    return entry


def place(name, artifact_path, spool):
    """``(path under the out path, sentence)`` for a file name and the ``artifact_path`` of the call.

    An ``artifact_path`` under the out path (``context.artifact_subpath('data')``) or relative to it is followed; another place
    cannot be written to while the run lives, so the artifact stays under the out path and the sentence says so.
    """
    name = as_text(name)
    out_path = getattr(spool, "out_path", None)
    if os.path.isabs(name):
        name = files.inside(name, out_path) or os.path.basename(name.rstrip("/"))
    path = files.safe_relative_path(name, "file name")
    if not artifact_path:
        return path, None
    artifact_path = as_text(artifact_path)
    folder = None
    if out_path and files.is_url(artifact_path):
        root = out_path.rstrip("/") + "/"
        folder = artifact_path[len(root) :] if (artifact_path.rstrip("/") + "/").startswith(root) else None
    elif os.path.isabs(artifact_path):
        same = out_path and not files.is_url(out_path) and os.path.realpath(artifact_path) == os.path.realpath(out_path)
        folder = "" if same else files.inside(artifact_path, out_path)
    elif not files.is_url(artifact_path):
        folder = artifact_path
    if folder is None:
        return path, (
            f"artifact_path {files.shown(artifact_path)} is not under the run's out path {files.shown(out_path)}, so {files.shown(name)} "
            "was kept under the out path: start the run with --out-path to put artifacts elsewhere"
        )
    return (files.safe_relative_path(f"{folder}/{path}", "artifact_path") if folder.strip("/.") else path), None
