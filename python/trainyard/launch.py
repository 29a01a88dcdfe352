"""``run_local``: run a task, a file or a function as a tracked run (or sweep) on this machine."""

import contextlib
import inspect
import json
import os
import sys

from . import command_line
from .names import refuse_keywords

_KEYWORDS = (
    "task", "command", "handler", "name", "project", "params", "hyper_params", "param_file", "selector", "strategy",
    "hyper_param_options", "inputs", "outputs", "out_path", "artifact_path", "secrets", "labels", "returns", "args", "workdir", "watch",
    "detach", "raise_on_failure", "data", "experiment", "requirements", "retries", "timeout", "autolog",
)  # fmt: skip

_NOT_OF_THE_TASK = ("workdir", "watch", "detach", "raise_on_failure", "data")
_STARTED_FILE = "TRAINYARD_STARTED_FILE"


def run_local(task=None, command=None, handler=None, *, workdir=None, watch=True, detach=False, raise_on_failure=True, data=None, **fields):
    """Run and wait; returns the ``Run``.

    ``task`` is a ``Task``, a dict, the path of a task file, or nothing; ``command`` a script; ``handler`` a function or a name in the
    script (also ``file.py:name``). The other arguments are those of ``new_task`` and win over the task's own; the task itself stays
    as it is.

    A function of a file runs in a fresh process that imports that file; a function of a notebook, an interactive session or another
    function runs in forks of this process. ``watch`` shows the output while it comes. ``detach`` returns at once with a running run.
    A run that does not complete raises ``RunFailed`` (with ``.run``) unless ``raise_on_failure`` is False. A request that cannot be
    run at all raises ``TrainyardError`` with the reason.
    """
    from .runs import Run, RunFailed
    from .task import Task

    unknown = {name: value for name, value in fields.items() if name not in _KEYWORDS}
    if unknown:
        refuse_keywords("run_local", unknown, _KEYWORDS)
    _refuse_import_time()
    if callable(task) and handler is None:
        task, handler = None, task
    merged = _merged(Task, task, command, handler, fields)
    description, function = merged.to_dict(), merged.function
    if function is not None and "command" not in description:
        place = importable_place(function)
        if place is not None:
            description["command"], description["handler"] = place
            function = None
    elif function is not None:
        function = None  # the file was named: the handler of that name in it is meant
    if function is None and "command" not in description:
        raise ValueError("run_local needs something to run: command='training.py', handler=a_function, or a task with one of them")
    if detach and function is not None:
        raise ValueError("detach=True needs a function of a file: one of a notebook or of another function runs in this very process")
    if detach:
        return Run(_detached(description, workdir, data), data, workdir)
    result = _started(description, function, workdir=workdir, data=data, watch=watch)
    record = command_line.last_object(result[1])
    # A failed run prints its record too; a refused request has none.
    if not isinstance(record, dict) or "id" not in record:
        command_line.checked(result, good=())
    run = Run(record, data, workdir)
    if raise_on_failure and run.status.get("state") != "completed":
        raise RunFailed(run)
    return run


def _merged(task_class, task, command, handler, fields):
    fields = dict(fields)
    if command is not None:
        fields["command"] = os.fspath(command)
    hyper_params = fields.pop("hyper_params", None)
    merged = task_class(base=task, handler=handler, **fields)
    if hyper_params is not None:
        merged.with_hyper_params(hyper_params)
    return merged


def _arguments():
    # The packages at hand here are the ones the user means.
    return ["run", "--task", "-", *(["--python", sys.executable] if sys.executable else [])]


def _started(description, function, *, workdir, data, watch):
    arguments = [*_arguments(), "--json"]
    call = {"stdin": json.dumps(description).encode("utf-8"), "data": data, "directory": workdir, "show": _stream() if watch else None}
    if function is None:
        with _marked(description["command"], workdir):
            return command_line.call(arguments, **call)
    with _Server(function) as server, _source_file(function) as source:
        description = {**description, "command": source}
        call["stdin"] = json.dumps(description).encode("utf-8")
        descriptors = (server.control_writer, server.events_reader)
        arguments += ["--attach", f"{descriptors[0]},{descriptors[1]}"]
        if watch and "sweep" not in description:
            arguments.append("--watch")
        return command_line.call(arguments, pass_fds=descriptors, started=server.close_pipes, **call)


def _detached(description, workdir, data):
    """Start the command and leave it; the record as soon as there is one."""
    import tempfile

    from .ids import new_run_id
    from .runs import record_of

    run_id = new_run_id()
    arguments = [*_arguments(), "--quiet", "--run-id", run_id]
    with tempfile.TemporaryFile() as messages, _marked(description["command"], workdir):
        process = command_line.leave(arguments, json.dumps(description).encode("utf-8"), messages, data, workdir)
        while True:
            ended = process.poll()  # asked before the record is, so that a run that has ended by then is surely found
            found = command_line.call(["show", run_id, "--json"], data=data, directory=workdir)
            if found[0] != command_line.EXIT_NOT_FOUND:
                return record_of(command_line.last_object(command_line.checked(found)))
            if ended is not None:
                messages.seek(0)
                command_line.checked((ended, "", messages.read().decode("utf-8", "replace")), good=())


def _stream():
    # In a notebook stderr is printed on red; ordinary output of a run is no error.
    return sys.stdout if "ipykernel" in sys.modules else sys.stderr


@contextlib.contextmanager
def _source_file(function):
    """The file that is recorded as the code of ``function``: its own, else one with its source for as long as the command runs."""
    import tempfile

    plain_function = inspect.unwrap(function)
    code = getattr(plain_function, "__code__", None)
    if code is not None and os.path.isfile(code.co_filename):
        yield os.path.abspath(code.co_filename)
        return
    try:
        source = inspect.getsource(plain_function)  # of a notebook's cell too
    except (OSError, TypeError):
        source = f"# The source of {getattr(function, '__name__', type(function).__name__)} is not known: it was made without a file.\n"
    with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
        path = os.path.join(folder, "notebook.py" if "ipykernel" in sys.modules else "interactive.py")
        with open(path, "w", encoding="utf-8", errors="replace") as file:
            file.write(source)
        yield path


class _Server:
    """A fork of this process that has the function and everything it uses, and forks once more for each run the command starts.

    One fork in between, so that this process stays free to show output (which takes threads, and forking beside threads is unsafe)
    and to answer Ctrl-C.
    """

    def __init__(self, function):
        if not hasattr(os, "fork"):
            raise command_line.TrainyardError("This system cannot fork: put the function into a file of its own and name that file")
        from . import warm

        trouble = warm.fork_trouble(own_process=True)
        if trouble is not None:
            name = getattr(function, "__name__", "the function")
            trouble = trouble.replace("importing the script", "this process").rstrip(".")
            raise command_line.TrainyardError(f"{name} cannot run in forks of this process: {trouble}; put it into a file of its own and import it")
        self.control_reader, self.control_writer = os.pipe()
        self.events_reader, self.events_writer = os.pipe()
        load = {"type": "load", "script": "", "handler": getattr(function, "__name__", "handler"), "workingDirectory": os.getcwd()}
        # Said here once for the command, which knows of no script: the worker answers that it is ready.
        os.write(self.control_writer, json.dumps(load).encode("utf-8") + b"\n")
        self.pid = self._fork(function)

    def _fork(self, function):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass  # replaced by something without a flush, or closed
        pid = os.fork()
        if pid:
            return pid
        code = 70
        try:
            os.close(self.control_writer)
            os.close(self.events_reader)
            import signal

            # Ctrl-C is for the command, which stops what it started.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            from . import warm

            warm.serve(self.control_reader, self.events_writer, handler=function)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)

    def close_pipes(self):
        for name in ("control_reader", "control_writer", "events_reader", "events_writer"):
            descriptor = getattr(self, name)
            if descriptor is not None:
                setattr(self, name, None)
                os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close_pipes()
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass  # somebody else reaped it


def importable_place(function):
    """``(file, name)`` when importing the file alone gives this very function, else None."""
    plain_function = inspect.unwrap(function) if callable(function) else function
    if not inspect.isfunction(plain_function):
        return None
    name = getattr(function, "__name__", "")
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if not name.isidentifier() or "." in getattr(function, "__qualname__", name) or getattr(module, name, None) is not function:
        return None
    # Files that import their neighbours relatively cannot be loaded on their own.
    if getattr(module, "__package__", None):
        return None
    file = getattr(plain_function, "__code__").co_filename
    own = getattr(module, "__file__", None)
    if own is None or not os.path.isfile(file) or os.path.realpath(file) != os.path.realpath(own):
        return None
    return os.path.abspath(file), name


class _marked:
    """While the command runs, its processes know which file it was told to load."""

    def __init__(self, file, workdir):
        self.value = os.path.realpath(os.path.join(workdir or os.getcwd(), file))

    def __enter__(self):
        self.before = os.environ.get(_STARTED_FILE)
        os.environ[_STARTED_FILE] = self.value

    def __exit__(self, *_):
        if self.before is None:
            os.environ.pop(_STARTED_FILE, None)
        else:
            os.environ[_STARTED_FILE] = self.before


def _refuse_import_time():
    """A script that calls ``run_local`` outside ``if __name__ == '__main__'`` would run again, and start its runs again, each time its
    file is loaded for a handler of it."""
    loading = os.environ.get(_STARTED_FILE)
    frame = sys._getframe() if loading else None
    while frame is not None:
        code = frame.f_code
        is_import = code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__"
        if is_import and os.path.realpath(code.co_filename) == loading:
            raise RuntimeError(
                f"run_local was called while {code.co_filename} was being loaded for a run: put the call under if __name__ == '__main__':"
            )
        frame = frame.f_back
