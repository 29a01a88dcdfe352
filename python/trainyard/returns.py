"""What handlers return, and the ``@handler`` decorator.

A hint names one returned value: ``"accuracy"``, ``"model:model"`` (name and kind), or a dict with ``key``, ``artifact_type`` and any
option of the call that logs it (``tag``, ``labels``, ``format``, ``framework``, ...). Without a kind the value's type decides: numbers,
text and small plain values are results, frames data sets, figures plots, paths files, everything else an object artifact.
"""

import functools
import json
import os

from . import files
from .names import nearest
from .plain import as_text, is_plain, is_scalar, plain

#: Plain values up to this many characters of JSON are results; longer ones become artifacts.
MAX_RESULT_CHARACTERS = 10_000

KINDS = ("result", "dataset", "model", "plot", "chart", "table", "html", "file", "directory", "object", "json")
#: Other spellings of the kinds.
ALIASES = {"artifact": "file", "path": "file", "dir": "directory", "plotly": "plot", "figure": "plot", "df": "dataset", "dataframe": "dataset", "pickle": "object"}

#: The outputs, inputs and labels a function was decorated with: ``{"outputs": [...], "inputs": ..., "labels": {...}}``.
ATTRIBUTE = "__trainyard_handler__"


def handler(function=None, *, outputs=None, inputs=True, labels=None):
    """Tell how a function's inputs are made and what it returns is called; works with and without parentheses.

    ``outputs`` is a list of hints, one per returned value. ``inputs`` is True (convert by type hints), False (hand over as they are)
    or a dict from parameter to type. ``labels`` are set on the run. The function itself stays as it was: called by hand, in a test or
    another function, it runs and returns as written; when a run calls it, the run logs what it returns.
    """
    if function is not None and not callable(function):
        raise TypeError("@handler takes keyword arguments only: @handler(outputs=['model', 'accuracy'])")
    if isinstance(outputs, (str, dict)):
        outputs = [outputs]
    outputs = list(outputs or [])
    for hint in outputs:
        parse_hint(hint)  # a wrong hint is refused where it is written, not at the end of a training

    def decorate(decorated):
        @functools.wraps(decorated)
        def call(*arguments, **keywords):
            return decorated(*arguments, **keywords)

        # inspect.signature follows __wrapped__, so parameters and hints are seen through the wrapper.
        setattr(call, ATTRIBUTE, {"outputs": outputs, "inputs": inputs, "labels": dict(labels or {})})
        return call

    return decorate if function is None else decorate(function)


def settings_of(function):
    """What ``@handler`` was told for ``function``; ``{"outputs": [], "inputs": True, "labels": {}}`` for an undecorated one."""
    found = getattr(function, ATTRIBUTE, None)
    return found if isinstance(found, dict) else {"outputs": [], "inputs": True, "labels": {}}


def parse_hint(hint):
    """``(key, kind or None, options)`` of one hint. Raises ``ValueError`` with a sentence for a malformed one."""
    if isinstance(hint, str):
        key, _, kind = hint.partition(":")
        options = {}
    elif isinstance(hint, dict):
        options = dict(hint)
        key = options.pop("key", None)
        kind = options.pop("artifact_type", None) or options.pop("artifactType", None) or options.pop("kind", None) or ""
        if not isinstance(key, str):
            raise ValueError(f"The return hint {files.shown(repr(hint))} has no 'key' (text)")
    else:
        raise ValueError(f"A return hint is text like 'accuracy' or 'model:model', or a dict with 'key', not {files.shown(repr(hint))}")
    key, kind = key.strip(), as_text(kind).strip().lower()
    if not key:
        raise ValueError(f"The return hint {files.shown(repr(hint))} has no name")
    kind = ALIASES.get(kind, kind)
    if kind and kind not in KINDS:
        near = nearest(kind, (*KINDS, *ALIASES))
        raise ValueError(
            f"The return hint {files.shown(repr(hint))} has the unknown kind {kind!r}: "
            + (f"did you mean {ALIASES.get(near, near)!r}?" if near else f"take one of {', '.join(KINDS)}")
        )
    return key, kind or None, options


def log_returned(context, value, hints=None):
    """Log what a handler returned to ``context``; gives a list of sentences about what could not be logged, never raises.

    Without hints a dict of named plain values becomes results of those names, another value the result or artifact ``return``
    (models and other objects that nobody named are not kept). With hints a tuple or list is taken apart, one value per hint.
    """
    if not hints:
        return _log_unnamed(context, value)
    problems = []
    values = _split(value, hints, problems)
    for hint, item in zip(hints, values):
        if item is None:
            continue
        try:
            key, kind, options = parse_hint(hint)
            problem = _log(context, key, kind, options, item)
        except Exception as error:
            problem = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {as_text(error)}"
        if problem:
            problems.append(f"The returned value {files.shown(hint_name(hint))} was not logged: {problem}")
    return problems


def hint_name(hint):
    return hint.get("key", "?") if isinstance(hint, dict) else as_text(hint).partition(":")[0].strip()


def _split(value, hints, problems):
    if len(hints) == 1 and not (isinstance(value, tuple) and len(value) == 1):
        return [value]
    if isinstance(value, dict) and all(hint_name(hint) in value for hint in hints):
        return [value[hint_name(hint)] for hint in hints]
    if not isinstance(value, (tuple, list)):
        value = (value,)
    if len(value) != len(hints):
        names = ", ".join(hint_name(hint) for hint in hints)
        counted = "1 value" if len(value) == 1 else f"{len(value)} values"
        problems.append(f"The handler returned {counted} where {len(hints)} were named ({names})")
    return value


def _log_unnamed(context, value):
    if value is None or _is_logged_already(value):
        return []
    try:
        if isinstance(value, dict) and value and all(isinstance(key, str) and is_scalar(item) for key, item in value.items()):
            context.log_results({key: plain(item) for key, item in value.items()})
            return []
        from .packing import figure_sort, is_frame

        if is_scalar(value) or is_frame(value) or figure_sort(value) or isinstance(value, (str, os.PathLike)) or is_plain(value):
            problem = _log(context, "return", None, {}, value)
            return [f"The returned value was not logged: {problem}"] if problem else []
    except Exception as error:
        return [f"The returned value was not logged: {type(error).__name__}: {as_text(error)}"]
    return []


def _is_logged_already(value):
    """What ``context.log_artifact`` and the like give back: ``return context.log_model(...)`` returns nothing new."""
    return isinstance(value, dict) and {"key", "kind", "path"} <= set(value) and ("file" in value or "url" in value)


def _log(context, key, kind, options, value):
    """Log one value; returns a sentence when its type does not fit the kind."""
    if kind is None:
        kind = kind_of(value)
    if kind == "result":
        if not is_plain(value):
            return f"a {type(value).__name__} cannot be a result: name a kind, for example {key + ':object'!r}"
        context.log_result(key, plain(value) if isinstance(value, (dict, list, tuple)) else value)
    elif kind == "dataset":
        context.log_dataset(key, value, **options)
    elif kind == "model":
        if isinstance(value, (str, os.PathLike)):
            path = os.fspath(value)
            context.log_model(key, **{"model_dir" if os.path.isdir(path) else "model_file": path}, **options)
        else:
            context.log_model(key, body=value, **options)
    else:
        return _log_artifact(context, key, kind, options, value)
    return None


def _log_artifact(context, key, kind, options, value):
    from . import artifacts

    if isinstance(value, artifacts.Artifact):
        value.key = key
        context.log_artifact(value, **options)
        return None
    if kind in ("file", "directory", "html", "plot") and (isinstance(value, os.PathLike) or _is_path_text(value)):
        item = artifacts.Artifact(key)
        item.kind = None if kind == "file" else kind
        context.log_artifact(item, local_path=os.fspath(value), **options)
        return None
    if kind == "directory":
        return f"a directory must be given as its path, not {type(value).__name__}"
    if kind == "json":
        if not is_plain(value):
            return f"a {type(value).__name__} is not plain JSON"
        options = {"format": "json", **options}
    makers = {"plot": artifacts.PlotArtifact, "table": artifacts.TableArtifact, "html": artifacts.HtmlArtifact}
    if kind == "chart":
        rows = value if isinstance(value, (list, tuple)) else []
        item = artifacts.ChartArtifact(key, header=rows[0] if rows else [], rows=rows[1:])
    else:
        item = makers.get(kind, artifacts.Artifact)(key, value)
        item.kind = kind if kind in ("plot", "table", "html", "object") else None
    context.log_artifact(item, **options)
    return None


def _is_path_text(value):
    return isinstance(value, str) and "\n" not in value and len(value) < 4096 and os.path.exists(value)


def kind_of(value):
    """The kind of artifact a returned value becomes when its hint names none."""
    from .artifacts import Artifact
    from .packing import figure_sort, is_frame

    if is_scalar(value):
        return "result"
    if isinstance(value, Artifact):
        return value.kind or "file"
    if is_frame(value):
        return "dataset"
    if figure_sort(value):
        return "plot"
    if isinstance(value, os.PathLike):
        return "directory" if os.path.isdir(value) else "file"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "file"
    if is_plain(value):
        return "result" if len(json.dumps(plain(value))) <= MAX_RESULT_CHARACTERS else "object"
    if _is_array_table(value):
        return "dataset"
    return "object"


def _is_array_table(value):
    return type(value).__module__.split(".")[0] == "numpy" and getattr(value, "ndim", 0) in (1, 2)
