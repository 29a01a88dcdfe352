"""Models: one folder with the model's file or files, a description in ``model.json`` and the extra data beside it.

::

    model.json          framework, algorithm, metrics, parameters, inputs, outputs, the name of the model file
    MLmodel             how MLflow loads it, where it can
    model.bst           what was given as body, model_file or model_dir
    extra/roc.html      extra data
"""

import io
import os
import sys

from . import files, mlmodel
from .artifacts import Artifact, pack_artifact
from .frames import frame_of
from .packing import figure_sort, json_bytes, pickle_bytes, run_folders
from .placing import checked_key, make_entry, place
from .plain import as_text, is_plain, plain

DESCRIPTION = "model.json"
EXTRA_FOLDER = "extra"

KEYWORDS = (
    "body", "model_file", "model_dir", "framework", "algorithm", "metrics", "parameters", "inputs", "outputs", "training_set",
    "label_column", "extra_data", "feature_vector", "labels", "tag", "artifact_path", "metadata",
)  # fmt: skip


class ModelProblem(files.FileProblem):
    """One sentence about a model."""


def pack_model(
    key,
    *,
    body=None,
    model_file=None,
    model_dir=None,
    framework=None,
    algorithm=None,
    metrics=None,
    parameters=None,
    inputs=None,
    outputs=None,
    training_set=None,
    label_column=None,
    extra_data=None,
    feature_vector=None,
    labels=None,
    tag="",
    artifact_path=None,
    metadata=None,
    spool,
    **unknown,
):
    """The journal entry of a model and a sentence about what could not be done (either may be None); never raises.

    ``body`` is bytes, text or the model object itself (saved in its framework's own form, else pickled), then ``model_file`` is its
    file name. Without a body ``model_file`` is a file to copy (looked for in ``model_dir`` too) and ``model_dir`` a folder to copy.

    ``inputs`` and ``outputs`` are lists of ``{"name", "type"}``, of names, or a frame to take them from. ``training_set`` (a frame)
    fills what is missing of them, ``label_column`` (a name or list of names) telling which of its columns are outputs, and adds
    statistics of its columns, which monitoring compares with later.
    """
    if unknown:
        from .names import unknown_name

        return None, unknown_name("log_model() has no argument %r", next(iter(unknown)), KEYWORDS)
    try:
        checked_key(key, "log_model")
        framework = framework or _framework_of(body)
        facts = _facts(body, framework, algorithm, metrics, parameters, feature_vector)
        facts.update(_schema(inputs, outputs, training_set, label_column))
        path, problem = place(key, artifact_path, spool)
        folder = spool.path(os.path.basename(path))
        os.makedirs(folder, exist_ok=True)
        sentences = [problem] if problem else []
        facts.update(_model_files(key, body, model_file, model_dir, folder, spool, sentences))
        extra = _extra_data(extra_data, folder, sentences)
        if extra:
            facts["extraData"] = extra
        files.write_bytes(os.path.join(folder, DESCRIPTION), json_bytes({"key": key, **facts}))
        _describe_for_mlflow(key, framework, facts.get("modelFile"), body if _is_object(body) else None, folder)
        labels = {**({"framework": framework} if framework else {}), **(labels or {})}
        facts = {**plain(metadata or {}), **facts}
        entry = make_entry(key, "model", file=spool.relative(folder), path=path, tag=tag, labels=labels, metadata=facts)
        return entry, "; ".join(sentences) or None
    except files.FileProblem as problem:
        return None, str(problem)
    except Exception as error:  # saving runs the framework's code; training must go on
        return None, f"Cannot log the model {files.shown(key)}: {type(error).__name__}: {as_text(error)[:500]}"


def _describe_for_mlflow(key, framework, model_file, body, folder):
    """A model that was saved by MLflow itself has its own description."""
    path = os.path.join(folder, mlmodel.FILE)
    content = None if os.path.lexists(path) else mlmodel.content(framework, model_file, body, key)
    if content is not None:
        files.write_bytes(path, content)


def _facts(body, framework, algorithm, metrics, parameters, feature_vector):
    facts = {
        "framework": framework,
        "algorithm": algorithm or (type(body).__name__ if _is_object(body) else None),
        "metrics": plain(metrics),
        "parameters": plain(parameters),
        "featureVector": feature_vector,
    }
    return {name: value for name, value in facts.items() if value}


def _is_object(body):
    return body is not None and not isinstance(body, (str, bytes, bytearray, memoryview)) and not hasattr(body, "read")


def _framework_of(body):
    if not _is_object(body):
        return None
    names = {"sklearn": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm", "torch": "pytorch", "keras": "keras", "catboost": "catboost"}
    roots = [kind.__module__.split(".")[0] for kind in type(body).__mro__]
    return next((names[root] for root in roots if root in names), None)


def _model_files(key, body, model_file, model_dir, folder, spool, sentences):
    """Put the model's files into ``folder``; returns ``{"modelFile": name}`` where one file is the model."""
    model_file = None if model_file is None else os.fspath(model_file)
    model_dir = None if model_dir is None else os.fspath(model_dir)
    if model_dir is not None:
        if files.kind_of_file(model_dir) != "directory":
            raise ModelProblem(f"model_dir {files.shown(model_dir)} of the model {files.shown(key)} is not a folder")
        left_out = files.copy_tree(model_dir, folder, run_folders(spool))
        if left_out:
            sentences.append(f"{len(left_out)} of the entries of {files.shown(model_dir)} were not copied, among them {files.shown(left_out[0])}")
    if body is not None:
        return {"modelFile": _write_body(key, body, model_file, folder)}
    if model_file is not None:
        return {"modelFile": _copy_model_file(key, model_file, model_dir, folder, spool, sentences)}
    if model_dir is None:
        raise ModelProblem(f"log_model({files.shown(key)}) needs body=, model_file= or model_dir=")
    return {}


def _copy_model_file(key, model_file, model_dir, folder, spool, sentences):
    inside_folder = model_dir is not None and not os.path.isabs(model_file) and os.path.lexists(os.path.join(model_dir, model_file))
    if inside_folder:
        return model_file.replace(os.sep, "/")
    name = files.safe_component(os.path.basename(os.path.abspath(model_file)))
    target = os.path.join(folder, name)
    if files.kind_of_file(model_file) == "directory":  # frameworks that save a folder: keras, transformers, spark
        left_out = files.copy_tree(model_file, target, run_folders(spool))
        if left_out:
            sentences.append(f"{len(left_out)} of the entries of {files.shown(model_file)} were not copied, among them {files.shown(left_out[0])}")
    else:
        files.copy_file(model_file, target)
    return name


def _write_body(key, body, model_file, folder):
    name = files.safe_component(os.path.basename(model_file or key))
    if not _is_object(body):
        if isinstance(body, str):
            body = files.text_bytes(body)
        files.write_bytes(os.path.join(folder, name), body)
        return name
    has_suffix = bool(os.path.splitext(name)[1])
    saved = _save_natively(body, folder, name, has_suffix)
    if saved is not None:
        return saved
    name = name if has_suffix else f"{name}.pkl"
    files.write_bytes(os.path.join(folder, name), pickle_bytes(body))
    return name


def _save_natively(body, folder, name, has_suffix):
    """Formats that outlive a version of the framework, where it has one: XGBoost and LightGBM boosters, Keras models."""
    framework = _framework_of(body)
    if framework == "xgboost" and callable(getattr(body, "save_model", None)):
        name = name if has_suffix else f"{name}.ubj"
    elif framework == "lightgbm" and callable(getattr(body, "save_model", None)):
        name = name if has_suffix else f"{name}.txt"
    elif framework == "keras" and callable(getattr(body, "save", None)):
        name = name if has_suffix else f"{name}.keras"
        body.save(os.path.join(folder, name))
        return name
    elif framework == "pytorch" and "torch" in sys.modules:
        name = name if has_suffix else f"{name}.pt"
        content = io.BytesIO()
        sys.modules["torch"].save(body, content)
        files.write_bytes(os.path.join(folder, name), content.getvalue())
        return name
    else:
        return None
    body.save_model(os.path.join(folder, name))
    return name


def _schema(inputs, outputs, training_set, label_column):
    facts = {}
    labels = [label_column] if isinstance(label_column, str) else [as_text(name) for name in label_column or []]
    if training_set is not None:
        frame = frame_of(training_set)
        if frame is None:
            raise ModelProblem("training_set of log_model must be a data frame, an Arrow table, a 2-d array or a list of dicts")
        missing = [name for name in labels if name not in frame.names]
        if missing:
            raise ModelProblem(f"training_set of log_model has no column {files.shown(missing[0])} (label_column)")
        columns = [{"name": name, "type": kind} for name, kind in zip(frame.names, frame.types())]
        inputs = [column for column in columns if column["name"] not in labels] if inputs is None else inputs
        outputs = [column for column in columns if column["name"] in labels] if outputs is None else outputs
        from .column_statistics import describe

        facts["stats"] = describe(frame)
    if inputs is not None:
        facts["inputs"] = _columns(inputs, "inputs")
    if outputs is not None:
        facts["outputs"] = _columns(outputs, "outputs")
    if labels:
        facts["labelColumn"] = labels if len(labels) > 1 else labels[0]
    return facts


def _columns(value, what):
    """A schema from ``[{"name", "type"}]``, names, ``(name, type)`` pairs, ``{name: type}``, or a frame."""
    if isinstance(value, dict) and all(isinstance(kind, str) for kind in value.values()):
        return [{"name": as_text(name), "type": kind} for name, kind in value.items()]
    if isinstance(value, (list, tuple)):
        columns = []
        for item in value:
            if isinstance(item, str):
                columns.append({"name": item, "type": None})
            elif isinstance(item, dict) and "name" in item:
                columns.append(plain({"type": None, **item}))
            elif isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str):
                columns.append({"name": item[0], "type": as_text(item[1])})
            else:
                raise ModelProblem(f"{what} of log_model must be a list of {{'name', 'type'}}, of names, or a frame, not {files.shown(repr(item))}")
        return columns
    frame = frame_of(value)
    if frame is None:
        raise ModelProblem(f"{what} of log_model must be a list of {{'name', 'type'}}, of names, or a frame")
    return [{"name": name, "type": kind} for name, kind in zip(frame.names, frame.types())]


class _FolderSpool:
    """A spool whose files lie in the model's own folder, under ``extra``."""

    def __init__(self, folder):
        self.directory = os.path.join(folder, EXTRA_FOLDER)
        self.out_path = None
        self._root = folder

    def path(self, name):
        stem, suffix = os.path.splitext(files.safe_component(name))
        number, candidate = 1, os.path.join(self.directory, stem + suffix)
        while os.path.lexists(candidate):
            number += 1
            candidate = os.path.join(self.directory, f"{stem}-{number}{suffix}")
        return candidate

    def relative(self, path):
        return os.path.relpath(path, self._root).replace(os.sep, "/")


def _extra_data(extra_data, folder, sentences):
    """``{key: path in the model's folder, or URL, or plain value}`` of the extra data."""
    spool, kept = _FolderSpool(folder), {}
    for key, value in dict(extra_data or {}).items():
        key = as_text(key)
        if files.is_url(value):
            kept[key] = value
            continue
        if not isinstance(value, (str, bytes, os.PathLike, Artifact)) and is_plain(value) and figure_sort(value) is None:
            kept[key] = plain(value)
            continue
        if isinstance(value, (str, os.PathLike)):
            entry, problem = pack_artifact(key, local_path=os.fspath(value), spool=spool)
        else:
            item = value if isinstance(value, Artifact) else key
            entry, problem = pack_artifact(item, key=key, body=None if item is value else value, spool=spool)
        if problem:
            sentences.append(f"Extra data {files.shown(key)}: {problem}")
        if entry is not None:
            kept[key] = entry.get("file") or entry["url"]
    return kept
