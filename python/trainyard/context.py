"""The context: what a script or handler knows about its run, and every call that logs to it.

No call here stops a training. A value that cannot be recorded becomes a problem on the run and one sentence on stderr; storage
trouble is the journal's to sit out. Only a misspelt keyword raises, by name, because that is a mistake in the code.
"""

import os
import sys

from .metrics import MetricCalls, described, hashable
from .names import refuse_keywords
from .values import plain_value, short

_problemLimit = 200


class Context(MetricCalls):
    """One run. Get it as the `context` argument of a handler or from `get_or_create_ctx`."""

    def __init__(self, session):
        self._session = session
        self._journal = session.journal
        self._run = session.run
        self._parameters = dict(session.spec.get("parameters") or {})
        self._inputs = {}
        self._labels = dict(session.run.get("labels") or {})
        self._results = {}
        self._series = {}
        self._told = set()
        self._spool = None
        self._logger = None

    def __repr__(self):
        return "<Context of run %s (%s)>" % (self.name, self.uid)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if self._session.role in ("child", "bare"):
            from .errors import end_of

            self._session.end(end_of(error))
        return False

    # What the run is

    @property
    def uid(self):
        """The run's id: 32 hex digits."""
        return self._run["id"]

    @property
    def name(self):
        return self._run["name"]

    @property
    def project(self):
        return self._run["project"]

    @property
    def experiment(self):
        return self._run.get("experiment") or ""

    @property
    def iteration(self):
        """0 for a run of its own, 1 and up in a sweep."""
        return self._run.get("iteration") or 0

    @property
    def attempt(self):
        """1 for the first try; grows when a failed run is tried again."""
        return self._run.get("attempt") or 1

    @property
    def parameters(self):
        """A copy of the parameters known so far, defaults that were asked for included."""
        return dict(self._parameters)

    @property
    def inputs(self):
        """The inputs by key, as data items."""
        keys = [*(self._session.spec.get("inputs") or {}), *self._inputs]
        return {key: self.get_input(key) for key in dict.fromkeys(keys)}

    @property
    def labels(self):
        return dict(self._labels)

    @property
    def results(self):
        """Results logged so far, with the latest value of every metric."""
        latest = {key: series[2] for key, series in list(self._series.items()) if series[2] is not None}
        return {**latest, **self._results}

    @property
    def out_path(self):
        """Where the run's artifacts go in the end: an absolute folder or a URL."""
        return self._session.spec["outPath"]

    @property
    def state(self):
        """`running` until the end is written, then `completed`, `failed` or `aborted`."""
        end = self._session.ended or self._session.stated
        return end["outcome"] if end else "running"

    @property
    def tag(self):
        """The tag artifacts of this run carry when none is given: the run's label `tag`, else its id."""
        return self._labels.get("tag") or self.uid

    @property
    def logger(self):
        """`info`, `debug`, `warning`, `error` with a message and fields: one line each on the run's output."""
        if self._logger is None:
            from .logger import Logger

            self._logger = Logger()
        return self._logger

    def artifact_subpath(self, *parts):
        """A place below `out_path`."""
        return "/".join([self.out_path.rstrip("/"), *(str(part).strip("/") for part in parts)])

    # What goes in

    def get_param(self, key, default=None):
        """The parameter `key`; when the run was started without it, `default` is taken and recorded as its value."""
        if key not in self._parameters:
            self._parameters[key] = default
            if default is not None:
                self._record_parameter(key, default)
        return self._parameters[key]

    def _record_parameter(self, key, value):
        plain, known = plain_value(value)
        if not known and not isinstance(plain, str):
            plain = short(value)
        self._append("param", {str(key): plain})

    def record_defaults(self, values, plain):
        """What a handler's signature gave for parameters the run was started without; `plain` are those a record can hold."""
        for key, value in values.items():
            self._parameters.setdefault(key, value)
        if plain:
            self._append("param", plain)

    def log_param(self, key, value):
        """Record a parameter the script found out by itself. Another value for a known key is a problem; the first stays."""
        if key in self._parameters and self._parameters[key] is not value and self._parameters[key] != value:
            self.problem(("param", key), "parameter %s was logged twice, with %s and %s: the first stays." % (
                short(key), short(self._parameters[key]), short(value)))  # fmt: skip
            return
        self._parameters[key] = value
        self._record_parameter(key, value)

    def log_params(self, parameters):
        """`log_param` for each item of a dict."""
        for key, value in dict(parameters).items():
            self.log_param(key, value)

    def get_input(self, key, url=""):
        """The input `key` as a data item; without such an input, the file or URL `url` (else `key` itself)."""
        item = self._inputs.get(key)
        if item is not None:
            return item
        from .inputs import DataItem

        known = (self._session.spec.get("inputs") or {}).get(key) or {}
        address = str(known.get("url") or (os.fspath(url) if url else key))
        item = DataItem(address, key=key, path=known.get("path"), folder=os.path.join(self._session.run_directory, "inputs"))
        self._inputs[key] = item
        entry = {"key": str(key), "url": address}
        size = item.known_size()
        if size is not None:
            entry["sizeBytes"] = size
        self._append("input", entry)
        return item

    get_dataitem = get_input

    def get_secret(self, key, default=None):
        """A secret the run was given, else the environment variable `key`, else `default`. Never recorded."""
        found = (self._session.spec.get("secrets") or {}).get(key)
        return found if found is not None else os.environ.get(key, default)

    # What comes out

    def log_result(self, key, value, **unknown):
        """A result of the run; the last value wins. Numbers also appear as metrics."""
        if unknown:
            refuse_keywords("log_result", unknown, ("key", "value"))
        self.log_results({key: value})

    def log_results(self, values, **unknown):
        """A dict of results."""
        if unknown:
            refuse_keywords("log_results", unknown, ("values",))
        if self._is_over():
            return
        try:
            items = list(dict(values).items())
        except (TypeError, ValueError):
            self.problem(("results",), "log_results takes a dict; got %s." % described(values))
            return
        kept = {}
        for key, value in items:
            plain, known = plain_value(value)
            if not known:
                self.problem(("result", hashable(key)), "result %s must be a number, text or plain JSON; got %s. Use log_artifact or"
                    " log_dataset for it." % (short(key), described(value)))  # fmt: skip
                continue
            text = str(key).encode("utf-8", "replace").decode("utf-8")
            kept[text] = plain
            self._results[key] = float(plain) if plain in ("NaN", "Infinity", "-Infinity") and not isinstance(value, str) else plain
        if kept:
            self._append("result", kept)

    def log_artifact(
        self, item, body=None, *, local_path=None, artifact_path=None, tag="", labels=None, format=None, target_path=None, **options
    ):
        """Keep a file, bytes, text or object under a key, or an artifact object (chart, plot, table, HTML).

        `local_path` is the file to take, or with `body` the name it gets. Gives the journal's entry, None when it could not be kept.
        """
        from .artifacts import pack_artifact

        self._refuse_unknown_options("log_artifact", options, pack_artifact)
        return self._log_packed("artifact", item, lambda: pack_artifact(
            item, key=options.pop("key", None), body=body, local_path=local_path, artifact_path=artifact_path or target_path, tag=tag,
            labels=labels, format=format, spool=self.spool, **options))  # fmt: skip

    def log_dataset(self, key, df=None, **options):
        """Keep a table (pandas, Polars, Arrow, NumPy, list of dicts) with its schema, a preview and, when asked or small, statistics."""
        from .datasets import pack_dataset

        self._refuse_unknown_options("log_dataset", options, pack_dataset)
        return self._log_packed("dataset", key, lambda: pack_dataset(key, df, spool=self.spool, **options))

    def log_model(self, key, body=None, **options):
        """Keep a model (`body`, `model_file` or `model_dir`) with framework, metrics, schema, parameters and extra data."""
        from .models import pack_model

        self._refuse_unknown_options("log_model", options, pack_model)
        return self._log_packed("model", key, lambda: pack_model(key, body=body, spool=self.spool, **options))

    def _refuse_unknown_options(self, call, options, function):
        code = function.__code__
        known = [name for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if name != "spool"]
        unknown = {name: None for name in options if name not in known}
        if unknown:
            refuse_keywords(call, unknown, known)

    def _log_packed(self, what, item, pack):
        name = getattr(item, "key", item)
        try:
            entry, problem = pack()
        except OSError as error:
            entry, problem = None, "%s %s was not kept: %s." % (what, short(name), error.strerror or error)
        if problem:
            self.problem((what, hashable(name)), problem)
        if entry is not None:
            self._append("artifact", entry)
        return entry

    @property
    def spool(self):
        """Where artifacts wait until the supervisor takes them."""
        if self._spool is None:
            from .spool import Spool

            self._spool = Spool(self._session.run_directory, self.out_path)
        return self._spool

    def set_label(self, key, value, replace=True):
        """Set one label; with `replace` false a label that is there stays."""
        if replace or key not in self._labels:
            self.set_labels({key: value})

    def set_labels(self, labels):
        """Set labels: text to text."""
        made = {str(key): "true" if value is True else "false" if value is False else str(value) for key, value in dict(labels).items()}
        made = {key.encode("utf-8", "replace").decode("utf-8"): value.encode("utf-8", "replace").decode("utf-8") for key, value in made.items()}
        self._labels.update(made)
        if made:
            self._append("label", made)

    # How it goes

    def commit(self, message="", completed=True):
        """Say that what was logged so far belongs together. A run begun by `import trainyard` ends here unless `completed` is false."""
        self._append("commit", str(message), bool(completed))
        if completed and self._session.role in ("bare", "child"):
            self._session.end({"outcome": "completed"})

    def set_state(self, state=None, error=None, **unknown):
        """Decide how the run is recorded when it ends well by itself: `completed`, `failed` (with `error`, a sentence) or `aborted`."""
        if unknown:
            refuse_keywords("set_state", unknown, ("state", "error"))
        state = "failed" if error is not None and state is None else {"error": "failed"}.get(state, state)
        if state in ("running", "created", "pending"):
            self._session.stated = None
        elif state in ("completed", "failed", "aborted"):
            stated = {"outcome": state}
            if state == "failed":
                stated["error"] = {"type": "SetState", "message": str(error or "The script set its state to failed.")}
            self._session.stated = stated
        else:
            self.problem(("state",), "state %s is not known: there is completed, failed and aborted." % short(state))

    def get_child_context(self, with_parent_params=False, **params):
        """A child run with `params`, for a sweep the script drives itself. Use it with `with`, or `commit()` it."""
        from .children import begin_child

        return begin_child(self, {**(self._parameters if with_parent_params else {}), **params}).context

    def mark_as_best(self):
        """Say that this child is the best one: its parent takes its results."""
        parent = self._session.parent
        if parent is None:
            self.problem(("best",), "mark_as_best is for runs made by get_child_context; %s is not one." % short(self.name))
            return
        parent.journal.append("best", {"id": self.uid, "iteration": self.iteration})

    def problem(self, key, message):
        """Put a sentence on the run: something could not be recorded. Said once per `key`, on the run and on stderr."""
        if key in self._told or len(self._told) > _problemLimit:
            return
        self._told.add(key)
        if len(self._told) > _problemLimit:
            message = "more than %d things could not be recorded; the rest is not told." % _problemLimit
        message = message[:1].upper() + message[1:]
        self._append("problem", message)
        try:
            sys.stderr.write("trainyard: %s\n" % message)
        except (OSError, ValueError, AttributeError, UnicodeEncodeError):  # stderr closed or ASCII only; the run has the sentence
            return

    def close(self):
        """Called when the end is written. Forgetting the series sends every later log_metric the long way, which checks for the end."""
        self._results = self.results
        self._series = {}

    def _append(self, kind, *fields):
        if not self._is_over():
            self._journal.append(kind, *fields)

    def _is_over(self):
        if not self._session.ended or os.getpid() != self._session.pid:
            return False
        if ("over",) not in self._told:
            self._told.add(("over",))
            sys.stderr.write("trainyard: run %s has ended; what is logged to it now is not kept.\n" % self.name)
        return True
