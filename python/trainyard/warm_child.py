"""One iteration in a forked child of the warm worker, and what the parent prepares for it."""

import os
import sys

from . import session as sessions
from .errors import Fault, RunAborted, end_of, exit_code, user_traceback

_seeded = set()
_states = {}


def load(command, handler):
    """A `Call` for the handler of a `load` command, imported once; a given callable is taken as it is."""
    from .handlers import Call, find_handler, load_module

    _import_early()
    if handler is not None:
        return Call(handler, getattr(handler, "__name__", "handler"))
    from .harness import place_script

    script = command["script"]
    os.chdir(command["workingDirectory"])
    place_script(script, [])
    _note_seeding()
    try:
        module = load_module(script)
    finally:
        _stop_noting()
    function = find_handler(module, command["handler"], script)
    return Call(function, "%s:%s" % (os.path.basename(script), command["handler"]))


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


def run(call, job):
    """Run one job in this freshly forked process and leave. Never returns."""
    code = 70
    try:
        os.setsid()
        _own_output(job["runDirectory"])
        _forget_parent()
        _reseed()
        code = _run(call, job)
    except BaseException as error:  # ours, before or after the handler: said in the output, and the status tells the supervisor
        sys.stderr.write("trainyard: the iteration could not be run: %s: %s\n" % (type(error).__name__, error))
    finally:
        flush()
        if code < 0:
            from _signal import SIG_DFL, signal

            signal(-code, SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code)


def _own_output(directory):
    output = os.open(os.path.join(directory, "output"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.close(nothing)
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


def _forget_parent():
    """Exit handlers and process pools of the parent are the parent's, as `multiprocessing` has it too."""
    import atexit

    atexit._clear()
    util = sys.modules.get("multiprocessing.util")
    # Looked at before it is cleared: a page that is only read is not copied (a fault costs 4 us measured, and an iteration has 500).
    if util is not None:
        if util._finalizer_registry:
            util._finalizer_registry.clear()
        if util._afterfork_registry:
            util._run_after_forkers()


def _reseed():
    """Random numbers as separate processes would have them: fresh, unless the module seeded them itself."""
    if "random" in _states:
        sys.modules["random"].setstate(_states["random"])
    random = sys.modules.get("numpy.random")
    if random is None or ("numpy" in _states and _states["numpy"] is None):
        return
    random.seed(int.from_bytes(os.urandom(4), "little"))


def _run(call, job):
    from .harness import source_of, start_autolog

    session = sessions.begin(job, source_of(job))
    stop = _Stop()
    raised = None
    try:
        sys.argv[1:] = job.get("arguments") or []
        if job.get("autolog"):
            start_autolog(session)
        call.run(session)
    except BaseException as error:
        raised = error
    code = _shown(raised)
    _leave()
    end = end_of(raised)
    if stop.asked:
        end = {"outcome": "aborted"}
        code = -15
    session.end(end)
    return code


class _Stop:
    """SIGTERM becomes `RunAborted` in the main thread, once."""

    def __init__(self):
        from _signal import SIGTERM, signal

        self.asked = False
        self.pid = os.getpid()
        signal(SIGTERM, self)

    def __call__(self, number, frame):
        if os.getpid() != self.pid:
            from _signal import SIG_DFL, signal

            signal(number, SIG_DFL)
            os.kill(os.getpid(), number)
        elif not self.asked:
            self.asked = True
            raise RunAborted("the iteration was asked to stop")


def _shown(error):
    """Print what Python prints for an exception at the top, and give the exit status."""
    if error is None or isinstance(error, RunAborted):
        return 0
    if isinstance(error, SystemExit):
        if error.code is not None and not isinstance(error.code, int):
            sys.stderr.write("%s\n" % (error.code,))
    elif isinstance(error, Fault):
        sys.stderr.write("%strainyard: %s\n" % (error.traceback or "", error.message))
    else:
        error.__traceback__ = user_traceback(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
    return exit_code(error)


def _leave():
    """What Python does at exit: wait for threads, then call exit handlers."""
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    import atexit

    atexit._run_exitfuncs()
    util = sys.modules.get("multiprocessing.util")
    if util is not None and (util._finalizer_registry or sys.modules["multiprocessing.process"]._children):
        util._exit_function()
