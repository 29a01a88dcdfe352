"""Trainyard for Python: a training script's side of a tracked run.

What it is: the context a script or handler logs to (`get_or_create_ctx`), the artifact classes, tasks (`new_task`, `run_local`).
What it is not: the records themselves. Everything logged goes to an append-only journal that the supervisor takes in.
Names are imported on first use, so that a script that needs little pays little.
"""

import sys

# Everything up to here and in this file is understood by any Python, so that an old one is told what is wrong.
if sys.version_info < (3, 9):
    import os

    if "TRAINYARD_CONTROL_FD" in os.environ:
        # Started by a supervisor, which asks for the version of an interpreter that does not start, and says the sentence.
        sys.exit(1)
    raise ImportError("trainyard needs Python 3.9 or newer; this is %d.%d" % sys.version_info[:2])

__version__ = "0.1.0"

_places = {
    "get_or_create_ctx": "session",
    "Context": "context",
    "DataItem": "inputs",
    "Artifact": "artifacts",
    "ChartArtifact": "artifacts",
    "PlotArtifact": "artifacts",
    "TableArtifact": "artifacts",
    "HtmlArtifact": "artifacts",
    "ModelArtifact": "artifacts",
    "DatasetArtifact": "artifacts",
    "LinkArtifact": "artifacts",
    "DirArtifact": "artifacts",
    "handler": "returns",
    "Task": "task",
    "NewTask": "task",
    "new_task": "task",
    "run_local": "task",
    "Function": "functions",
    "new_function": "functions",
    "code_to_function": "functions",
    "import_function": "functions",
    "TrainyardError": "task",
    "RunFailed": "task",
    "get_run_db": "task",
}
__all__ = ["__version__"] + list(_places)


def __getattr__(name):
    if name not in _places:
        from .names import unknown_name

        raise AttributeError(unknown_name("trainyard has no %r", name, __all__))
    import importlib

    value = getattr(importlib.import_module("." + _places[name], __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_places))
