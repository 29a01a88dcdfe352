"""`import trainyard` without a supervisor (a notebook, `python script.py`): the run is begun here and taken in by the next command."""

import atexit
import os
import sys

from . import session as sessions
from .data_directory import open_data_directory
from .errors import end_of
from .ids import new_run_id

_hooked = False
_outcome = None


def begin_bare(name, project, parameters):
    """A session with a run of its own in the data directory; its end is written when the process ends or `commit()` is called."""
    global _outcome
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    script = os.path.abspath(main) if main else ""
    data = open_data_directory()
    run_id = new_run_id()
    project = project or os.environ.get("TRAINYARD_PROJECT") or "default"
    stem = os.path.splitext(os.path.basename(script))[0] or "notebook"
    spec = {
        "run": {"id": run_id, "name": name or stem, "project": project, "experiment": "", "iteration": 0, "attempt": 1, "labels": {}},
        "script": script,
        "arguments": sys.argv[1:],
        "parameters": dict(parameters),
        "inputs": {},
        "secrets": {},
        "outPath": os.path.join(data, "artifacts", project, run_id),
        "runDirectory": os.path.join(data, "runs", run_id),
    }
    source = {"arguments": sys.argv[1:], "workingDirectory": os.getcwd()}
    if script:
        source["file"] = script
    _outcome = None
    session = sessions.begin(spec, source, "bare")
    _hook()
    return session


def _hook():
    """See how the process ends. Hooks that were there are called as before."""
    global _hooked
    if _hooked:
        return
    _hooked = True
    previous = sys.excepthook

    def hook(kind, error, traceback):
        global _outcome
        _outcome = end_of(error)
        previous(kind, error, traceback)

    sys.excepthook = hook
    atexit.register(_finish)
    if not hasattr(sys, "ps1") and "IPython" not in sys.modules:
        _watch_exit()


_exit = None


def _watch_exit():
    """`sys.exit(3)` reaches neither excepthook nor atexit, so the call itself is noted; logging after it means that it was caught."""
    original = sys.exit

    def noting_exit(status=None, /):
        global _exit
        session = sessions.active()
        if session is not None and os.getpid() == session.pid:
            _exit = (SystemExit(status), session.journal.position)
        original(status)

    sys.exit = noting_exit


def _finish():
    session = sessions.active()
    if session is None or session.role != "bare":
        return
    end = _outcome
    if end is None and _exit is not None and session.journal.position == _exit[1]:
        end = end_of(_exit[0])
    session.end(end or {"outcome": "completed"})
