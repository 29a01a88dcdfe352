"""Looking at runs: the object ``run_local`` returns, and the records of a data directory."""

import json
import os
import sys
import time

from .command_line import EXIT_NOT_FOUND, TrainyardError, call, checked, last_object
from .plain import as_text, plain

ENDED = ("completed", "failed", "aborted", "skipped")


class RunFailed(TrainyardError):
    """A run did not complete. ``run`` is its ``Run``."""

    def __init__(self, run):
        error = run.error or {}
        reason = error.get("message") or run.status.get("stateReason") or run.status.get("state")
        kind = error.get("type")
        super().__init__(f"Run {run.name!r} ({run.uid}) {run.status.get('state')}: {kind + ': ' if kind else ''}{reason}", 1)
        self.run = run


class Run:
    """One run and its record. The record is as of the last ``refresh()``; ``wait()`` refreshes until the run has ended."""

    def __init__(self, record, data=None, directory=None):
        self._record = dict(record)
        self._data = data
        self._directory = directory

    @property
    def uid(self):
        return self._record["id"]

    id = uid

    @property
    def name(self):
        return self._record.get("name")

    @property
    def state(self):
        """The state now; a run that has not ended is looked up again."""
        if self._record.get("state") not in ENDED:
            self.refresh()
        return self._record.get("state")

    @property
    def status(self):
        """The record as it was last read, a dict: ``state``, ``results``, ``error``, ``exit``, times, ..."""
        return self._record

    @property
    def error(self):
        return self._record.get("error")

    @property
    def parameters(self):
        return dict(self._record.get("parameters") or {})

    @property
    def results(self):
        return {key: _number(value) for key, value in (self._record.get("results") or {}).items()}

    @property
    def labels(self):
        return dict(self._record.get("labels") or {})

    @property
    def artifacts(self):
        """Records of the run's artifacts, newest last."""
        if "artifacts" not in self._record:
            self.refresh()
        return list(self._record.get("artifacts") or [])

    @property
    def outputs(self):
        """Every result by its name, and the address of every artifact by its key; what was measured of the machine is in ``results``."""
        results = {key: value for key, value in self.results.items() if not key.startswith("system/")}
        return {**{artifact["key"]: artifact["target"] for artifact in self.artifacts}, **results}

    def output(self, key):
        """One of ``outputs``; None when there is none of that name."""
        return self.outputs.get(key)

    def artifact(self, key):
        """The artifact as a data item: ``.get()``, ``.local()``, ``.as_df()``, ``.url``."""
        from .names import unknown_name

        found = [artifact for artifact in self.artifacts if artifact["key"] == key]
        if not found:
            keys = sorted({artifact["key"] for artifact in self.artifacts})
            raise KeyError(unknown_name(f"The run {self.name!r} has no artifact %r", key, keys))
        return _data_item(found[-1])

    @property
    def iterations(self):
        """The iterations of a sweep as ``Run`` objects, by number; empty for a single run."""
        if self._record.get("kind") == "sweep" and "iterations" not in self._record:
            self.refresh()
        return [Run(record, self._data, self._directory) for record in self._record.get("iterations") or []]

    def logs(self, watch=True, file=None):
        """Print what the run wrote; with ``watch`` follow it until the run has ended. Returns the state."""
        stream = file or sys.stdout
        following = watch and self._record.get("state") not in ENDED
        checked(self._call(["logs", self.uid, *(["--follow"] if following else [])], show_stdout=stream))
        self.refresh()
        return self._record.get("state")

    def show(self):
        """Print the run as ``trainyard show`` does; returns the run."""
        sys.stdout.write(checked(self._call(["show", self.uid])))
        return self

    def wait(self, timeout=None, interval=0.5):
        """Wait until the run has ended (``TimeoutError`` after ``timeout`` seconds); returns the run."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.refresh()._record.get("state") not in ENDED:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Run {self.uid} is still {self._record.get('state')} after {timeout} s")
            time.sleep(interval)
        return self

    wait_for_completion = wait

    def abort(self):
        """Ask the run to stop and return the run; ``wait()`` waits for its end."""
        checked(self._call(["abort", self.uid]))
        return self.refresh()

    def refresh(self):
        """Read the record again; returns the run."""
        self._record = record_of(last_object(checked(self._call(["show", self.uid, "--json"])))) or self._record
        return self

    def to_dict(self):
        return json.loads(json.dumps(plain(self._record)))

    def to_json(self):
        return json.dumps(plain(self._record), indent=2)

    def __repr__(self):
        return f"<Run {self.name!r} {self.uid} {self._record.get('state')}>"

    def _call(self, arguments, show_stdout=None):
        return call(arguments, data=self._data, directory=self._directory, show_stdout=show_stdout)


def record_of(found):
    """The record in what ``trainyard show --json`` printed, with its artifacts and iterations."""
    if not isinstance(found, dict) or not isinstance(found.get("run"), dict):
        return found if isinstance(found, dict) and "id" in found else None
    return {**found["run"], "artifacts": found.get("artifacts") or [], "iterations": found.get("iterations") or []}


def _number(value):
    return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.get(value, value) if isinstance(value, str) else value


def _data_item(artifact):
    from .inputs import DataItem

    return DataItem(artifact["target"], key=artifact["key"])


def _rows(value):
    """The list in what a listing command printed: a list, or an object with one."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for name in ("runs", "artifacts", "items", "rows"):
            if isinstance(value.get(name), list):
                return value[name]
    return []


class RecordList(list):
    """A list of records (dicts) that can be shown as a table and turned into a frame."""

    columns = ()

    def rows(self):
        return [[_cell(record.get(column)) for column in self.columns] for record in self]

    def show(self):
        """Print a table; returns the list."""
        rows = [list(self.columns), *self.rows()]
        widths = [min(48, max(len(row[index]) for row in rows)) for index in range(len(self.columns))]
        for row in rows:
            print("  ".join(cell[:width].ljust(width) for cell, width in zip(row, widths)).rstrip())
        return self

    def to_df(self):
        """A pandas frame, one row per record; results and parameters get columns of their own."""
        import pandas

        return pandas.DataFrame([_flat(record) for record in self])

    def to_dict(self):
        return [dict(record) for record in self]


class RunList(RecordList):
    columns = ("id", "name", "project", "state", "parameters", "results")
    #: The data directory the list was read from; None for the nearest one.
    data = None

    def to_objects(self):
        return [Run(record, self.data) for record in self]


class ArtifactList(RecordList):
    columns = ("key", "kind", "tags", "iteration", "sizeBytes", "target")


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key}={_cell(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return f"{value:.6g}" if isinstance(value, float) else as_text(value)


def _flat(record):
    flat = {}
    for key, value in record.items():
        if key in ("parameters", "results", "labels") and isinstance(value, dict):
            flat.update({f"{key}.{name}": _number(item) for name, item in value.items()})
        else:
            flat[key] = value
    return flat


class RunDatabase:
    """The records of one data directory."""

    def __init__(self, path=None):
        path = "" if path is None else os.fspath(path)
        if "://" in path and not path.startswith("file://"):
            raise ValueError(f"{path} is an address of a server; give the path of a data directory, for example './'")
        path = path[len("file://") :] if path.startswith("file://") else path
        self.path = _data_directory(path) if path else None

    def connect(self):
        """Nothing needs to be opened; returns the database, so that ``get_run_db('./').connect()`` reads as usual."""
        return self

    def list_runs(self, name="", *, project=None, state=None, labels=None, filter=None, sort=None, limit=None, iterations=False):
        """Runs whose name contains ``name``, newest first. ``filter`` is in the filter language of ``trainyard ls --filter``."""
        arguments = _selection(name, project, state, labels, filter)
        arguments += ["--sort", sort] if sort else []
        arguments += ["--limit", str(limit)] if limit is not None else ["--all"]
        arguments += ["--iterations"] if iterations else []
        runs = RunList(_rows(self._listed(["ls", *arguments, "--json"])))
        runs.data = self.path
        return runs

    def read_run(self, uid):
        """The run of that id; ``KeyError`` when there is none."""
        try:
            record = record_of(self._read(["show", uid, "--json"]))
        except TrainyardError as error:
            if error.code == EXIT_NOT_FOUND:
                raise KeyError(str(error)) from None
            raise
        return Run(record, self.path)

    def list_artifacts(self, name="", *, tag=None, project=None, kind=None, run=None):
        """Artifacts whose key contains ``name``. ``tag``: '' or None for the latest of each key, '*' for every version."""
        arguments = ["artifacts", "ls", *([run] if run else []), "--limit", "1000000"]
        arguments += [*(["--project", project] if project else []), *(["--kind", kind] if kind else [])]
        arguments += ["--versions"] if tag == "*" else ["--tag", tag] if tag else []
        found = _rows(self._listed([*arguments, "--json"]))
        return ArtifactList(record for record in found if name in record.get("key", ""))

    def del_runs(self, name="", *, project=None, state=None, labels=None, days_ago=None):
        """Move runs to the trash, where they can be restored from; returns what the command tells."""
        arguments = _selection(name, project, None, labels, None)
        arguments += ["--state", state] if state else []
        arguments += ["--older-than", f"{days_ago}d"] if days_ago else []
        return self._read(["rm", *arguments, "--yes", "--json"])

    def del_run(self, uid):
        return self._read(["rm", uid, "--yes", "--json"])

    def _listed(self, arguments):
        """Like ``_read``; a place where nothing ran yet has an empty list."""
        try:
            return self._read(arguments)
        except TrainyardError as error:
            if error.code == EXIT_NOT_FOUND:
                return []
            raise

    def _read(self, arguments):
        return last_object(checked(call(arguments, data=self.path)))


def _data_directory(path):
    path = os.path.abspath(path)
    inner = os.path.join(path, ".trainyard")
    own = os.path.basename(path) == ".trainyard" or os.path.exists(os.path.join(path, "trainyard.db"))
    return path if own else inner


def _selection(name, project, state, labels, filter):
    conditions = [f"({filter})"] if filter else []
    if name:
        conditions.append(f"name contains {_quoted(name)}")
    if state:
        conditions.append(f"state = {_quoted(state)}")
    for key, value in (labels or {}).items():
        conditions.append(f"labels.{_identifier(key)} = {_quoted(as_text(value))}")
    arguments = ["--filter", " and ".join(conditions)] if conditions else []
    return arguments + (["--project", project] if project else [])


def _quoted(text, quote="'"):
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + quote


def _identifier(name):
    return name if name.isidentifier() else _quoted(name, '"')


def get_run_db(path=None):
    """The records of a data directory: ``get_run_db('./').connect().list_runs().show()``. Without a path the nearest one upwards."""
    return RunDatabase(path)
