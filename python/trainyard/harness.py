"""`python -m trainyard.harness`: runs one script or handler as a tracked run.

Reads the JobSpec as one JSON line on the descriptor named by `TRAINYARD_CONTROL_FD`, runs the file as `python script.py` would (argv, path,
`__main__`, exit status, tracebacks), and writes the journal's `start` and `end`. A script that uses none of our calls imports nothing more.
"""

import os
import sys

from . import forks

_control = "TRAINYARD_CONTROL_FD"
_events = "TRAINYARD_EVENTS_FD"


def main():
    """Run the job of the control descriptor. Does not return normally when the script does not."""
    # Before the job is read: it comes when its record is made, and until then there is time to load what every run needs.
    from . import session as sessions

    spec = _read_spec()
    _take_place(spec)
    set_variables(spec)
    _line_buffered()
    session = sessions.begin(spec, source_of(spec))
    finish = _Finish(session)
    run_to_end(session, finish, lambda: _run(session))


def run_to_end(session, finish, work):
    """`work()`, with how it ended noted for `finish` and its exception passed on without our frames."""
    try:
        work()
    except BaseException as error:
        from .errors import Fault, RunAborted, end_of

        finish.end = {"outcome": "aborted"} if finish.stopped else end_of(error)
        if isinstance(error, RunAborted):
            return
        if isinstance(error, Fault):
            # The sentence goes to the supervisor, which tells it; printed here too it would be said twice.
            sys.stderr.write(error.traceback or "")
            sys.exit(2)
        _hide_our_frames(error)
        raise
    finish.end = {"outcome": "aborted"} if finish.stopped else {"outcome": "completed"}


class _Finish:
    """Writes the end when Python has joined the script's threads and called its exit handlers (ours is the first registered, so the
    last called), and turns SIGTERM into `RunAborted` in the main thread."""

    def __init__(self, session):
        import atexit
        from _signal import SIGTERM, signal

        self.session = session
        self.end = {"outcome": "completed"}
        self.stopped = False
        atexit.register(self.write)
        signal(SIGTERM, self.stop)
        forks.keep_default_sigterm()

    def stop(self, number, frame):
        if self.stopped:
            return
        self.stopped = True
        from .errors import RunAborted

        raise RunAborted("the run was asked to stop")

    def write(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):  # closed by the script, or its reader is gone
                continue
        if os.getpid() != self.session.pid:
            return
        self.session.end(self.end)
        if self.stopped:
            # Ending by the signal itself is what a parent expects of a process that it asked to stop.
            from _signal import SIG_DFL, SIGTERM, signal

            signal(SIGTERM, SIG_DFL)
            os.kill(os.getpid(), SIGTERM)


def _read_spec():
    text = os.environ.pop(_control, None)
    os.environ.pop(_events, None)
    if not text or not text.isdigit():
        sys.exit("trainyard.harness is started by the trainyard command: use `trainyard run script.py`.")
    descriptor = int(text)
    parts = []
    while not parts or b"\n" not in parts[-1]:
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    line, end, _ = b"".join(parts).partition(b"\n")
    if not end:
        # Who started us is gone and tells nobody of it; whoever takes the run over sees that it never began.
        sys.exit(125)
    import json

    return json.loads(line)


def _take_place(spec):
    """A process that was started ahead of its job goes where the job belongs."""
    place = spec.pop("place", None)
    if place is None:
        return
    os.chdir(place["workingDirectory"])
    output = os.open(place["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)


def set_variables(spec):
    """Where clients of other trackers find this run. Told with the job, for one holds a token."""
    variables = spec.pop("environment", None)
    if variables:
        os.environ.update(variables)


def _line_buffered():
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)


def source_of(spec):
    """The journal's account of what runs."""
    source = {"file": spec["script"], "arguments": spec.get("arguments") or [], "workingDirectory": os.getcwd()}
    if spec.get("handler"):
        source["handler"] = spec["handler"]
    return source


def place_script(script, arguments):
    """sys.argv and sys.path as `python script.py` has them."""
    sys.argv[:] = [script, *arguments]
    if not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
        sys.path[0] = os.path.dirname(os.path.realpath(script))


def _run(session):
    spec = session.spec
    script = spec["script"]
    place_script(script, spec.get("arguments") or [])
    if spec.get("autolog"):
        start_autolog(session)
    if spec.get("handler"):
        from .handlers import Call, find_handler, load_module

        module = load_module(script)
        function = find_handler(module, spec["handler"], script)
        Call(function, "%s:%s" % (os.path.basename(script), spec["handler"])).run(session)
        return
    _run_as_main(script)


def _run_as_main(script):
    try:
        with open(script, "rb") as file:
            code = compile(file.read(), script, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        from .handlers import read_script

        code = read_script(script)
    kind = type(sys)
    main = kind("__main__")
    main.__file__ = script
    main.__cached__ = None
    main.__builtins__ = __builtins__
    main.__annotations__ = {}
    from importlib.machinery import SourceFileLoader

    main.__loader__ = SourceFileLoader("__main__", script)
    # The harness' own module stays referenced: Python empties a module's names when its last reference goes.
    _run_as_main.own = sys.modules["__main__"]
    sys.modules["__main__"] = main
    exec(code, main.__dict__)  # noqa: S102  running the user's file is the job


def start_autolog(session):
    """`mlflow.autolog()`, when MLflow is there; else the run goes on and says why it was not."""
    problem = load_autolog(session.spec)
    if problem:
        session.context.problem(("autolog",), problem)


def load_autolog(spec):
    """`mlflow.autolog()`. Returns a sentence when it could not be."""
    import importlib.util

    packages = spec.get("autologPackages")
    if packages and packages not in sys.path:
        sys.path.append(packages)
    if importlib.util.find_spec("mlflow") is None:
        return "autolog needs the package mlflow, which is not installed for %s: add it to the requirements of the run." % sys.executable
    try:
        import mlflow

        mlflow.autolog()
    except Exception as error:  # another package's code: the training goes on without it
        return "mlflow.autolog() failed: %s: %s" % (type(error).__name__, error)
    return None


def _hide_our_frames(error):
    from .errors import user_traceback

    hook = sys.excepthook

    def without_our_frames(kind, raised, traceback):
        shown = user_traceback(traceback)
        if raised is not None:
            raised.__traceback__ = shown
        hook(kind, raised, shown)

    sys.excepthook = without_our_frames


if __name__ == "__main__":
    main()
