"""Tasks: reusable templates of runs, and ``run_local`` which runs one.

``NewTask(handler=train, params={"p1": 5}).with_hyper_params({"p2": [5, 2, 3]}, "min.loss")``. The chain methods change the task and
return it, so both ``task.with_params(p1=1)`` on a line of its own and a chain work; ``task.copy()`` makes an independent one. Nothing
given to a task is changed by it, and running a task does not change the task: one task runs on many functions.
"""

import json
import os

from .names import refuse_keywords, unknown_name
from .plain import as_text, plain
from .command_line import TrainyardError  # noqa: F401
from .launch import run_local  # noqa: F401  (part of this module's face)
from .runs import Run, RunFailed, get_run_db  # noqa: F401

STRATEGIES = ("grid", "list", "random", "tpe", "custom")
SECRET_KINDS = ("file", "env", "inline")

#: Options of a sweep by their Python names, and what the record calls them.
SWEEP_OPTIONS = {
    "strategy": "strategy",
    "selector": "selector",
    "stop_condition": "stopCondition",
    "max_iterations": "maxIterations",
    "max_errors": "maxErrors",
    "parallel": "parallel",
    "iteration_timeout": "iterationTimeoutMs",
    "seed": "seed",
    "pruner": "pruner",
}

_FIELDS = {
    "name": "name",
    "project": "project",
    "experiment": "experiment",
    "command": "command",
    "outputs": "outputs",
    "returns": "returns",
    "requirements": "requirements",
    "retries": "retries",
    "autolog": "autolog",
}
_KEYWORDS = (
    "name", "project", "experiment", "handler", "command", "args", "params", "hyper_params", "param_file", "selector", "strategy",
    "hyper_param_options", "inputs", "outputs", "out_path", "artifact_path", "secrets", "labels", "returns", "requirements", "retries",
    "timeout", "autolog", "base",
)  # fmt: skip


class Task:
    """A template of a run. ``timeout`` and ``iteration_timeout`` are seconds. Unknown keyword names are refused by name."""

    def __init__(
        self,
        name=None,
        project=None,
        handler=None,
        params=None,
        hyper_params=None,
        param_file=None,
        selector=None,
        inputs=None,
        outputs=None,
        out_path=None,
        *,
        experiment=None,
        command=None,
        args=None,
        strategy=None,
        hyper_param_options=None,
        artifact_path=None,
        secrets=None,
        labels=None,
        returns=None,
        requirements=None,
        retries=None,
        timeout=None,
        autolog=None,
        base=None,
        **unknown,
    ):
        if unknown:
            refuse_keywords("new_task", unknown, _KEYWORDS)
        self._fields = {}
        #: A function given as the handler; the record has its name.
        self.function = None
        if base is not None:
            based = load_task(base)
            self._fields, self.function = based._copied_fields(), based.function
        given = {
            "name": name, "project": project, "experiment": experiment, "command": command, "outputs": outputs, "returns": returns,
            "requirements": requirements, "retries": retries, "autolog": autolog,
        }  # fmt: skip
        for key, value in given.items():
            if value is not None:
                self._fields[_FIELDS[key]] = _listed(key, value) if key in ("outputs", "returns", "requirements") else plain(value)
        if args is not None:
            self._fields["arguments"] = [as_text(argument) for argument in _listed("args", args)]
        if timeout is not None:
            self._fields["timeoutMs"] = _milliseconds("timeout", timeout)
        if out_path is not None or artifact_path is not None:
            self._fields["outPath"] = os.fspath(out_path if out_path is not None else artifact_path)
        self.with_handler(handler)
        self.with_params(**(params or {}))
        for key, url in (inputs or {}).items():
            self.with_input(key, url)
        for key, value in (labels or {}).items():
            self.set_label(key, value)
        self._add_secrets(secrets)
        options = {**(hyper_param_options or {}), **({"strategy": strategy} if strategy else {})}
        if param_file is not None:
            self.with_param_file(param_file)
        if hyper_params is not None or selector is not None or options:
            self.with_hyper_params(hyper_params or {}, selector, **options)

    def with_handler(self, handler):
        """A function, its name in the command's file, or ``file.py:name``."""
        if handler is None:
            return self
        if callable(handler):
            self.function = handler
            self._fields["handler"] = _function_name(handler)
            return self
        if not isinstance(handler, str) or not handler.strip():
            raise TypeError(f"handler must be a function or its name, not {handler!r}")
        file, separator, name = handler.rpartition(":")
        self.function = None
        self._fields["handler"] = name
        if separator:
            self._fields["command"] = file
        return self

    def with_params(self, **params):
        """Set parameters; others stay as they are."""
        self._merge("parameters", {key: _parameter(key, value) for key, value in params.items()})
        return self

    def with_input(self, key, url):
        """Name an input: a path, a URL, or anything with a ``url`` (what ``run.artifact(key)`` gives)."""
        url = getattr(url, "url", None) or url
        self._merge("inputs", {as_text(key): as_text(os.fspath(url) if isinstance(url, os.PathLike) else url)})
        return self

    def with_secrets(self, kind, source):
        """``with_secrets('file', 'secrets.txt')``, ``('env', 'NAME,OTHER')`` or a list of names, ``('inline', {'NAME': 'value'})``."""
        if kind not in SECRET_KINDS:
            raise ValueError(unknown_name("There is no secret kind %r", kind, SECRET_KINDS))
        if kind == "inline":
            if not isinstance(source, dict):
                raise TypeError("inline secrets are a dict from name to value")
            source = {as_text(name): as_text(value) for name, value in source.items()}
        elif isinstance(source, (list, tuple)):
            source = ",".join(as_text(name) for name in source)
        else:
            source = os.fspath(source) if isinstance(source, os.PathLike) else as_text(source)
        self._fields["secrets"] = [*self._fields.get("secrets", []), {"kind": kind, "source": source}]
        return self

    def with_hyper_params(self, hyper_params, selector=None, strategy=None, **options):
        """Run once for each combination. Values are lists, or distributions such as ``{"type": "uniform", "low": 0, "high": 1}``.

        ``selector`` is ``'max.accuracy'``, ``'min.loss'`` or a name (max). ``options``: ``parallel``, ``max_iterations``, ``max_errors``,
        ``stop_condition``, ``seed``, ``iteration_timeout`` (seconds), ``pruner``.
        """
        if not isinstance(hyper_params, dict):
            raise TypeError("hyper_params is a dict from a parameter's name to a list of values or a distribution")
        sweep = {"hyperParameters": {as_text(key): _choices(key, values) for key, values in hyper_params.items()}} if hyper_params else {}
        self._merge("sweep", {**sweep, **_sweep_options({"selector": selector, "strategy": strategy, **options})})
        return self

    def with_param_file(self, param_file, selector=None, strategy=None, **options):
        """Take the combinations from a CSV, JSON, JSON lines or YAML file; CSV and lists of rows mean strategy ``list``."""
        sweep = {"parameterFile": os.fspath(param_file)}
        self._merge("sweep", {**sweep, **_sweep_options({"selector": selector, "strategy": strategy, **options})})
        return self

    def set_label(self, key, value):
        """Label every run of this task."""
        self._merge("labels", {as_text(key): as_text(value)})
        return self

    def copy(self):
        """An independent task with the same fields."""
        return Task(base=self)

    def to_dict(self):
        """The task as plain JSON, exactly as task files have it. Inline secrets are in it with their values."""
        return self._copied_fields()

    def to_yaml(self):
        """Text of a task file (JSON, which is YAML). Refused when there are inline secrets: they must not be written anywhere."""
        if any(secret["kind"] == "inline" for secret in self._fields.get("secrets", [])):
            raise ValueError("A task with inline secrets cannot be written: give them with_secrets('file', ...) or with_secrets('env', ...)")
        return json.dumps(self._fields, indent=2, ensure_ascii=False) + "\n"

    to_json = to_yaml

    def export(self, path="task.yaml"):
        """Write the task to a file that ``trainyard run --task`` reads; returns the task."""
        text = self.to_yaml()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return self

    @property
    def name(self):
        return self._fields.get("name")

    def __repr__(self):
        shown = {key: value for key, value in self._fields.items() if key != "secrets"}
        return f"Task({json.dumps(shown, ensure_ascii=False)})"

    def _copied_fields(self):
        return json.loads(json.dumps(self._fields))

    def _merge(self, field, values):
        if values:
            self._fields[field] = {**self._fields.get(field, {}), **values}

    def _add_secrets(self, secrets):
        if isinstance(secrets, dict):
            self.with_secrets("inline", secrets)
            return
        for secret in secrets or []:
            if isinstance(secret, dict) and set(secret) == {"kind", "source"}:
                self.with_secrets(secret["kind"], secret["source"])
            elif isinstance(secret, (list, tuple)) and len(secret) == 2:
                self.with_secrets(*secret)
            else:
                raise TypeError("secrets is a dict of inline secrets, or a list of {'kind': 'file', 'source': 'secrets.txt'}")


NewTask = Task


def new_task(*arguments, **keywords):
    """A new ``Task``; the same arguments as the class."""
    return Task(*arguments, **keywords)


def load_task(value):
    """A task of its own from a task, a dict as ``to_dict`` gives, or the path of a task file."""
    if isinstance(value, Task):
        return value
    if isinstance(value, (str, os.PathLike)):
        value = _read_task_file(os.fspath(value))
    if not isinstance(value, dict):
        raise TypeError(f"A task is a Task, a dict or the path of a task file, not {type(value).__name__}")
    known = ("name", "project", "experiment", "command", "handler", "arguments", "parameters", "inputs", "outputs", "returns", "labels",
             "secrets", "outPath", "requirements", "retries", "timeoutMs", "autolog", "sweep")  # fmt: skip
    for key in value:
        if key not in known:
            raise ValueError(unknown_name("A task has no field %r", key, known))
    task = Task()
    task._fields = json.loads(json.dumps(plain(value)))
    return task


def _read_task_file(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        try:
            import yaml
        except ImportError:
            raise ValueError(f"{path} is not JSON, and reading YAML here needs the package pyyaml: use trainyard run --task {path}") from None
        return yaml.safe_load(text)


def _function_name(function):
    name = getattr(function, "__name__", None) or type(function).__name__
    return "handler" if name == "<lambda>" else name


def _listed(key, value):
    if isinstance(value, (str, dict)) or not hasattr(value, "__iter__"):
        value = [value]
    return [plain(item) for item in value]


def _milliseconds(key, seconds):
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise ValueError(f"{key} is a number of seconds greater than 0, not {seconds!r}")
    return seconds * 1000


def _parameter(key, value):
    from .plain import is_plain

    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if not is_plain(value) and not hasattr(value, "tolist") and not hasattr(value, "isoformat"):
        raise TypeError(
            f"The parameter {key!r} is a {type(value).__name__}; parameters are numbers, text, booleans, lists and dicts: pass data as an input"
        )
    return plain(value)


def _choices(key, values):
    if isinstance(values, dict):
        if "type" not in values:
            raise ValueError(f"The distribution of {key!r} has no 'type': choice, uniform, loguniform, int or normal")
        return plain(values)
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"The hyper-parameter {key!r} needs a list of values, for example [{values!r}], or a distribution")
    listed = plain(values) if hasattr(values, "tolist") else [plain(value) for value in values]
    if not listed:
        raise ValueError(f"The hyper-parameter {key!r} has an empty list of values")
    return listed


def _sweep_options(options):
    sweep = {}
    for key, value in options.items():
        if key not in SWEEP_OPTIONS:
            refuse_keywords("with_hyper_params", {key: value}, tuple(SWEEP_OPTIONS))
        if value is None:
            continue
        if key == "strategy" and value not in STRATEGIES:
            raise ValueError(unknown_name("There is no strategy %r", value, STRATEGIES))
        sweep[SWEEP_OPTIONS[key]] = _milliseconds(key, value) if key == "iteration_timeout" else plain(value)
    return sweep
