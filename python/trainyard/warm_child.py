"""One iteration in a forked child of the warm worker, and what the worker prepares for it.

A child pays for every page it touches, code and reference counts included: 5 us each, where a bare fork and wait costs 10 ms (measured with
NumPy, pandas, scikit-learn and XGBoost imported). So all that can be done before the fork is done there, once (`settle`) or per
iteration (`prepare`), and nothing is imported, encoded or opened twice.
"""

import os
import sys
from _signal import SIG_DFL, SIGTERM, signal
from _thread import _count as threads_alive
from atexit import _clear as clear_exit_handlers
from atexit import _run_exitfuncs as run_exit_handlers

from . import forks
from . import session as sessions
from .errors import Fault, RunAborted, end_of, exit_code, user_traceback
from .harness import load_autolog, place_script, set_variables, source_of, start_autolog

_seeded = set()
_states = {}


def load(command, handler):
    """A `Call` for the handler of a `load` command, imported once; a given callable is taken as it is."""
    from .handlers import Call, find_handler, load_module

    _import_early()
    if handler is not None:
        return Call(handler, getattr(handler, "__name__", "handler"))
    script = command["script"]
    os.chdir(command["workingDirectory"])
    place_script(script, [])
    if command.get("autolog"):
        # Once here instead of in every child: a second and more.
        _states["autolog"] = load_autolog(command) is None
    _note_seeding()
    try:
        module = load_module(script)
    finally:
        _stop_noting()
    function = find_handler(module, command["handler"], script)
    call = Call(function, "%s:%s" % (os.path.basename(script), command["handler"]))
    if command.get("expected"):
        call.check(command["expected"])
    return call


def _import_early():
    """What an iteration would import by itself, each one again (10 ms measured), is imported before the first fork."""
    import importlib

    for name in ("context", "metrics", "values", "conversion", "inputs", "logger", "spool", "plain", "artifacts", "packing", "datasets", "returns"):
        importlib.import_module("." + name, __package__)


def _note_seeding():
    """A module that seeds `random` at import wants the same numbers in every run; the standard library reseeds forked children, so the
    state has to be put back. A seed call is the one way to know."""
    import random

    original = random.seed

    def noting_seed(*arguments, **keywords):
        if arguments[:1] not in ((), (None,)) or keywords.get("a") is not None:
            _seeded.add("random")
        return original(*arguments, **keywords)

    random.seed = noting_seed
    _states["seed"] = original


def _stop_noting():
    import random

    random.seed = _states.pop("seed")
    if "random" in _seeded:
        _states["random"] = random.getstate()
    if "numpy.random" in sys.modules:
        _states["numpy"] = _entropy_of(sys.modules["numpy.random"])


def _entropy_of(random):
    """NumPy's global generator keeps the seed sequence it was born with until someone seeds it; None when that cannot be told."""
    try:
        return random.mtrand._rand._bit_generator._seed_seq
    except AttributeError:
        return None


def flush():
    """Empty the buffers, so that no child writes the parent's text again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # closed, or its reader is gone
            continue


class Stop:
    """SIGTERM becomes `RunAborted` in the main thread of one process, once; everywhere else it means what it always means."""

    def __init__(self):
        self.asked = False
        self.is_over = False
        self.pid = 0
        signal(SIGTERM, self)

    def __call__(self, number, frame):
        if os.getpid() != self.pid:  # the worker itself, or a child that has not begun: it means what it always means
            signal(number, SIG_DFL)
            os.kill(os.getpid(), number)
        elif not self.asked and not self.is_over:
            self.asked = True
            raise RunAborted("the iteration was asked to stop")


class Nursery:
    """What the children of one worker have in common. A guest (a notebook) lends us its process: there each child does all by itself."""

    def __init__(self, call, guest):
        self.call = call
        self.guest = guest
        self.nothing = os.open(os.devnull, os.O_RDONLY)
        self.stop = None
        if not guest:
            _own_streams()
            _run_after_forkers()
            self.stop = Stop()

    def prepare(self, job):
        """An `Iteration` for one fork. Raises OSError when its output cannot be opened; to be `close`d here after the fork."""
        iteration = Iteration()
        iteration.job = job
        iteration.output = os.open(job["runDirectory"] + "/output", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        session = iteration.session = sessions.Session(job, "supervised")
        session.prepare(source_of(job))
        session.journal.forget()
        if self.call.wants_context:
            session.context  # noqa: B018  made here, so that the child need not
        if not self.guest:
            _reseed_numpy()
        return iteration

    def run(self, iteration):
        """Run it in this freshly forked process and leave. Never returns."""
        code = 70
        try:
            os.setsid()
            os.dup2(self.nothing, 0)
            os.dup2(iteration.output, 1)
            os.dup2(iteration.output, 2)
            os.close(iteration.output)
            os.close(self.nothing)
            if self.guest:
                _own_streams()
                _run_after_forkers()
                _reseed_numpy()
            _forget_parent()
            code = self._run(iteration)
        except BaseException as error:  # ours, before or after the handler: said in the output, and the status tells the supervisor
            sys.stderr.write("trainyard: the iteration could not be run: %s: %s\n" % (type(error).__name__, error))
        finally:
            flush()
            if code < 0:
                signal(-code, SIG_DFL)
                os.kill(os.getpid(), -code)
            os._exit(code)

    def _run(self, iteration):
        job = iteration.job
        set_variables(job)
        session = sessions.begin_prepared(iteration.session)
        stop = self.stop or Stop()
        stop.pid = session.pid
        forks.keep_default_sigterm()
        raised = None
        try:
            if self.guest or job.get("arguments"):
                sys.argv[1:] = job.get("arguments") or []
            if job.get("autolog") and not _states.get("autolog"):
                start_autolog(session)
            self.call.run(session)
        except BaseException as error:
            raised = error
        code = _shown(raised)
        _leave()
        end = end_of(raised)
        stop.is_over = True  # asked from here on, it has ended by itself
        if stop.asked:
            end = {"outcome": "aborted"}
            code = -15
        session.end(end)
        return code


class Iteration:
    """One job, with what the worker made for it before the fork."""

    __slots__ = ("job", "output", "session")

    def close(self):
        os.close(self.output)


def _own_streams():
    """Python's streams on this process' own descriptors 1 and 2, a line at a time."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        try:
            same = stream.fileno() == descriptor and hasattr(stream, "reconfigure")
        except (OSError, ValueError, AttributeError):
            same = False
        if same:
            stream.reconfigure(line_buffering=True)
        else:  # a notebook's stream would send the text to the notebook
            setattr(sys, name, open(descriptor, "w", buffering=1, closefd=False, errors="backslashreplace"))


def _run_after_forkers():
    """What libraries asked `multiprocessing` to do in its children. A worker does nothing but fork, so once, in the worker, is enough."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util._run_after_forkers()


def _forget_parent():
    """Exit handlers and process pools of the parent are the parent's, as `multiprocessing` has it too."""
    clear_exit_handlers()
    util = sys.modules.get("multiprocessing.util")
    # Looked at before it is cleared: a page that is only read is not copied.
    if util is not None and util._finalizer_registry:
        util._finalizer_registry.clear()
    if "random" in _states:
        sys.modules["random"].setstate(_states["random"])


def _reseed_numpy():
    """NumPy's numbers as separate processes would have them: fresh, unless the module seeded them itself. (Python's own generator is
    seeded by the standard library at each fork.)"""
    random = sys.modules.get("numpy.random")
    if random is None or ("numpy" in _states and _states["numpy"] is None):
        return
    random.seed(int.from_bytes(os.urandom(4), "little"))


def _shown(error):
    """Print what Python prints for an exception at the top, and give the exit status."""
    if error is None or isinstance(error, RunAborted):
        return 0
    if isinstance(error, SystemExit):
        if error.code is not None and not isinstance(error.code, int):
            sys.stderr.write("%s\n" % (error.code,))
    elif isinstance(error, Fault):
        sys.stderr.write(error.traceback or "")
    else:
        error.__traceback__ = user_traceback(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
    return exit_code(error)


def _leave():
    """What Python does at exit: wait for threads, then call exit handlers."""
    threading = sys.modules.get("threading")
    if threading is not None and threads_alive():
        threading._shutdown()
    run_exit_handlers()
    util = sys.modules.get("multiprocessing.util")
    if util is not None and (util._finalizer_registry or sys.modules["multiprocessing.process"]._children):
        util._exit_function()
