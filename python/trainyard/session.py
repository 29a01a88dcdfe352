"""The run this process belongs to: started by a harness, inherited from the process that started us, or begun by `import trainyard`."""

import os
import sys

from .journal import Journal, encode, now_ms

_runVariable = "TRAINYARD_RUN"
#: Linux refuses to start any process when one variable is longer than 128 KiB.
_variableLimit = 100_000
_active = None


class Session:
    """One run as one process sees it: what it is (`spec`, a JobSpec), its journal, and how it ended.

    `role`: `supervised` (a harness writes the end), `bare` (no supervisor: we write the run, and its end at exit), `attached` (a process
    started by the run's own: it logs, and ends nothing), `child` (made by `get_child_context`).
    """

    def __init__(self, spec, role, parent=None):
        self.spec = spec
        self.role = role
        self.parent = parent
        self.pid = os.getpid()
        self.run = spec["run"]
        self.run_directory = spec["runDirectory"]
        self.journal = Journal(self.run_directory)
        self.children = []
        self.ended = None
        self.stated = None
        self._context = None
        self._opening = None
        self._shared = None

    @property
    def context(self):
        """The context, made on first use: a script that does not ask for one does not pay for it."""
        if self._context is None:
            from .context import Context

            self._context = Context(self)
        return self._context

    def prepare(self, source):
        """Put into words what `start` and `publish` will say. A warm worker does that before it forks: what the worker computes costs a
        child nothing, while the same work in the child copies every page it touches (5 us each measured)."""
        info = {}
        if self.role in ("bare", "child"):
            info["run"] = _run_entry(self)
        info["source"] = source
        info["interpreter"] = interpreter_info()
        self._opening = encode(info).encode("ascii")[1:]
        self._shared = _shared_text(self.spec)

    def start(self, source):
        """Write the journal's first entry. `source` is not looked at when it was given to `prepare`."""
        if self._opening is None:
            self.prepare(source)
        self.journal.append_tail(b'%d,"start",{"pid":%d,%b]\n' % (now_ms(), self.pid, self._opening))

    def _without_secrets(self, end):
        """An exception may quote a secret; the record must not."""
        secrets = [value for value in (self.spec.get("secrets") or {}).values() if isinstance(value, str) and len(value) >= 4]
        if not secrets or "error" not in end:
            return end
        error = dict(end["error"])
        for value in sorted(secrets, key=len, reverse=True):
            error = {key: text.replace(value, "***") if isinstance(text, str) else text for key, text in error.items()}
        return dict(end, error=error)

    def end(self, end):
        """Write how the run ended, once, by the process that began it. `end` is a JournalEnd. Open children end the same way."""
        if self.ended or self.role == "attached" or os.getpid() != self.pid:
            return
        for child in self.children:
            child.end(end if end["outcome"] != "failed" else {"outcome": "aborted"})
        if self.stated and end["outcome"] == "completed":
            end = self.stated
        self.ended = end
        self.journal.append("end", self._without_secrets(end))
        self.journal.close()
        if self._context is not None:
            self._context.close()
        if self.role == "bare":
            os.environ.pop(_runVariable, None)

    def publish(self):
        """Let processes started from here find the run. Secrets stay out of the environment."""
        os.environ[_runVariable] = self._shared or _shared_text(self.spec)


def _shared_text(spec):
    shared = {key: value for key, value in spec.items() if key not in ("secrets", "arguments", "parameterTexts", "environment")}
    text = encode(shared)
    return text if len(text) <= _variableLimit else encode({**shared, "parameters": {}, "inputs": {}, "returns": []})


def _run_entry(session):
    run = session.run
    entry = {"id": run["id"], "name": run["name"], "project": run["project"], "iteration": run.get("iteration", 0)}
    for key in ("experiment", "parentId"):
        if run.get(key):
            entry[key] = run[key]
    if session.spec["parameters"]:
        entry["parameters"] = session.spec["parameters"]
    return entry


_interpreter = {}


def interpreter_info():
    """What ran the code; `sitePackages` lets the supervisor list packages without asking Python."""
    if not _interpreter:
        _interpreter["language"] = "python"
        _interpreter["version"] = sys.version.split()[0]
        _interpreter["implementation"] = sys.implementation.name
        _interpreter["executable"] = sys.executable or ""
        _interpreter["sitePackages"] = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return _interpreter


def begin(spec, source, role="supervised"):
    """Make `spec`'s run the one this process logs to."""
    return begin_prepared(Session(spec, role), source)


def begin_prepared(session, source=None):
    """`begin` for a session that is made, and `prepare`d if need be, by the process this one was forked from."""
    global _active
    _active = session
    session.pid = os.getpid()
    session.start(source)
    session.publish()
    return session


def active():
    """The session of this process, or None."""
    return _active


def get_or_create_ctx(name="", *, project="", labels=None, parameters=None, **unknown):
    """The context of the run this process belongs to; without one, a new run called `name` is begun and ends with the process.

    `name`, `project` and `parameters` are for a new run; under a supervisor they are what the run was started with. `labels` are added.
    """
    if unknown:
        from .names import refuse_keywords

        refuse_keywords("get_or_create_ctx", unknown, ("name", "project", "labels", "parameters"))
    session = _active if _active is not None and not _active.ended else _inherited()
    if session is None:
        from .bare import begin_bare

        session = begin_bare(name, project, parameters or {})
    context = session.context
    if labels:
        context.set_labels(labels)
    return context


def _inherited():
    """The run of the process that started this one, when it said so in the environment."""
    global _active
    text = os.environ.get(_runVariable)
    if not text or (_active is not None and _active.ended):
        return None
    import json

    try:
        spec = json.loads(text)
        spec["secrets"] = {}
        session = Session(spec, "attached")
    except (ValueError, KeyError, TypeError):
        sys.stderr.write("trainyard: %s is not ours; a new run is begun.\n" % _runVariable)
        return None
    _active = session
    return session


def forget():
    """Leave the run of this process: the next `get_or_create_ctx` begins another."""
    global _active
    _active = None
    os.environ.pop(_runVariable, None)
