"""`python -m trainyard.warm`: imports a handler's module once and forks once per iteration.

Commands come as JSON lines on the descriptor named by `TRAINYARD_CONTROL_FD`, events leave on `TRAINYARD_EVENTS_FD`. A child is a process of its
own: own process group, output, journal, memory and crash. The parent only waits: on commands and on the children's process descriptors
(a short poll where the system has none), and never blocks on one child.
"""

import gc
import json
import os
import select
import sys
import time
from _signal import SIGKILL, SIGTERM

from . import warm_child
from .errors import describe_error
from .session import interpreter_info

_pollSeconds = 0.002


def main():
    """Serve the descriptors named in the environment until the control side ends."""
    control = int(os.environ.pop("TRAINYARD_CONTROL_FD"))
    events = int(os.environ.pop("TRAINYARD_EVENTS_FD"))
    os.set_inheritable(control, False)
    os.set_inheritable(events, False)
    serve(control, events)


def serve(control_file, events_file, handler=None):
    """Take commands from `control_file` and answer on `events_file` (descriptors, or files with `fileno`) until the commands end and
    every child is reaped. With `handler`, a callable of this very process is run instead of one in a file."""
    Worker(_descriptor(control_file), _descriptor(events_file), handler).serve()


def _descriptor(file):
    return file if isinstance(file, int) else file.fileno()


class _Child:
    __slots__ = ("run_id", "pid", "descriptor", "kill_at")


class Worker:
    """One warm worker on two descriptors."""

    def __init__(self, control, events, handler):
        self.control = control
        self.events = events
        self.handler = handler
        self.nursery = None
        self.children = {}
        self.by_descriptor = {}
        self.pending = b""
        self.limit = None
        self.waiting = []
        self.ended = False
        self.deaf = False
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self):
        while not self.ended or self.children:
            self.turn()

    def turn(self):
        """Wait for something to happen, and see to it."""
        for descriptor in self._wait():
            if descriptor == self.control:
                self._read()
            elif descriptor in self.by_descriptor:
                self._reap(self.by_descriptor[descriptor])
        for child in [child for child in self.children.values() if child.descriptor is None]:
            self._reap(child)
        self._kill_overdue()

    def _wait(self):
        timeout = None
        if any(child.descriptor is None for child in self.children.values()):
            timeout = _pollSeconds * 1000
        deadlines = [child.kill_at for child in self.children.values() if child.kill_at is not None]
        if deadlines:
            until = max(0.0, (min(deadlines) - time.monotonic()) * 1000 + 1)
            timeout = until if timeout is None else min(timeout, until)
        return [descriptor for descriptor, _ in self.poll.poll(timeout)]

    def _read(self):
        data = os.read(self.control, 1 << 20)
        if not data:
            self.ended = True
            self.waiting.clear()
            self.poll.unregister(self.control)
            return
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._obey(json.loads(line))

    def _obey(self, command):
        kind = command["type"]
        if kind == "load":
            self._load(command)
        elif kind == "start":
            self.waiting.append(command["job"])
            self._start_waiting()
        elif kind == "stop":
            self._stop(command["runId"], command["graceMs"])

    def _tell(self, event):
        data = json.dumps(event, separators=(",", ":")).encode("ascii") + b"\n"
        while data and not self.deaf:
            try:
                data = data[os.write(self.events, data) :]
            except OSError:
                # The supervisor is gone. What runs is let finish: its journal is complete without us.
                self.deaf = True

    def _start_waiting(self):
        """A place that becomes free is filled here, at once: asking the supervisor for the next one would cost a round trip."""
        while self.waiting and (self.limit is None or len(self.children) < self.limit):
            self._start(self.waiting.pop(0))

    def _load(self, command):
        self.limit = command.get("parallel")
        try:
            call = warm_child.load(command, self.handler)
            self.nursery = warm_child.Nursery(call, self.handler is not None)
        except BaseException as error:  # SystemExit and KeyboardInterrupt at import also mean that nothing can run
            self._tell({"type": "broken", "error": describe_error(error)})
            return
        reason = fork_trouble(self.handler is not None)
        # What is alive now is shared with every child; frozen, no collection in a child touches (and so copies) its pages.
        gc.collect()
        gc.freeze()
        event = {"type": "ready", "pid": os.getpid(), "forkSafe": reason is None, "interpreter": interpreter_info()}
        if reason is not None:
            event["reason"] = reason
        elif sys.platform == "darwin":
            event["reason"] = "forking on macOS is unsafe for some system libraries; if an iteration crashes at its start, use plain processes."
        self._tell(event)

    def _start(self, job):
        run_id = job["run"]["id"]
        try:
            iteration = self.nursery.prepare(job)
        except Exception as error:  # its run directory is gone, or the disk is full: the others may fare better
            sys.stderr.write("trainyard: the iteration could not be run: %s: %s\n" % (type(error).__name__, error))
            self._tell({"type": "exited", "runId": run_id, "code": 70, "signal": None})
            return
        warm_child.flush()
        try:
            pid = os.fork()
        except OSError as error:
            iteration.close()
            self._tell({"type": "exited", "runId": run_id, "code": 71, "signal": None})
            sys.stderr.write("trainyard: cannot start a process: %s\n" % error.strerror)
            return
        if pid == 0:
            os.close(self.control)
            os.close(self.events)
            for descriptor in self.by_descriptor:
                os.close(descriptor)
            self.nursery.run(iteration)
        child = _Child()
        child.run_id, child.pid, child.kill_at = run_id, pid, None
        child.descriptor = _open_process(pid)
        self.children[run_id] = child
        if child.descriptor is not None:
            self.by_descriptor[child.descriptor] = child
            self.poll.register(child.descriptor, select.POLLIN)
        self._tell({"type": "started", "runId": run_id, "pid": pid})
        iteration.close()

    def _stop(self, run_id, grace_ms):
        child = self.children.get(run_id)
        if child is None:
            left = [job for job in self.waiting if job["run"]["id"] != run_id]
            if len(left) < len(self.waiting):
                self.waiting = left
                self._tell({"type": "exited", "runId": run_id, "code": None, "signal": "SIGTERM"})
            return  # else it ended while the command was on its way
        child.kill_at = time.monotonic() + grace_ms / 1000
        _signal_group(child.pid, SIGTERM)

    def _kill_overdue(self):
        now = time.monotonic()
        for child in self.children.values():
            if child.kill_at is not None and child.kill_at <= now:
                child.kill_at = None if child.descriptor is not None else now + 1
                _signal_group(child.pid, SIGKILL)

    def _reap(self, child):
        try:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        except ChildProcessError:  # the host process (a notebook) reaped it for us
            pid, status, usage = child.pid, 0, None
        if pid == 0:
            return
        if child.kill_at is not None:
            _signal_group(child.pid, SIGKILL, leader=False)
        del self.children[child.run_id]
        if child.descriptor is not None:
            self.poll.unregister(child.descriptor)
            del self.by_descriptor[child.descriptor]
            os.close(child.descriptor)
        event = {"type": "exited", "runId": child.run_id, "code": None, "signal": None}
        if os.WIFSIGNALED(status):
            event["signal"] = _signal_name(os.WTERMSIG(status))
        else:
            event["code"] = os.WEXITSTATUS(status)
        if usage is not None:
            event["maxRssBytes"] = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            event["cpuMs"] = round((usage.ru_utime + usage.ru_stime) * 1000)
        self._start_waiting()
        self._tell(event)


def _open_process(pid):
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, an old kernel, or no descriptors left: polled instead
        return None


def _signal_group(pid, number, leader=True):
    """Signal the child's group; the child alone in the moment before it has made its group."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        if leader:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return


def _signal_name(number):
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return "SIG%d" % number


_unsafePools = ("polars", "rayon", "tokio", "grpc", "ray::")


def fork_trouble(own_process):
    """Why a forked child could hang or fail, or None. `own_process`: we are a guest in a running process, whose own threads are its own."""
    if not hasattr(os, "fork"):
        return "this system has no fork."
    threading = sys.modules.get("threading")
    if threading is not None and not own_process:
        others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        if others:
            return "importing the script started threads (%s), which a forked process would not have." % ", ".join(others[:5])
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda") and torch.cuda.is_initialized():
        return "importing the script initialised CUDA, which does not survive a fork."
    for pool in _native_threads():
        if pool.startswith(_unsafePools):
            return "importing the script started the native thread pool %r, which does not survive a fork." % pool
    return None


def _native_threads():
    names = set()
    try:
        for task in os.listdir("/proc/self/task"):
            with open("/proc/self/task/%s/comm" % task) as file:
                names.add(file.read().strip())
    except OSError:  # not Linux, or a thread that has just ended
        return names
    return names


if __name__ == "__main__":
    main()
