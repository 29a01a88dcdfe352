"""The journal: an append-only file of JSON lines through which a process tells its supervisor what it logged.

A line is in the kernel's hands when the call that wrote it returns, so a process killed right after loses nothing. The first lines cost
one system call each (1.2 us measured), which is all that a short run needs; after `linesBeforeMapping` the file is grown ahead and
mapped into memory, and a line costs one copy (0.09 us). The reader stops at the first NUL byte. Blocks are reserved before they are mapped, since a mapped write to a full disk would kill the process; where a file system
cannot reserve or map, lines are written with one system call each.

Storage trouble never reaches the caller: lines wait in memory (`backlogLimitBytes`) and are tried again, with one warning on stderr.
"""

import mmap
import os
import sys
import time
from _thread import RLock
from itertools import count
from json import JSONEncoder
from json.encoder import c_make_encoder, encode_basestring_ascii

linesBeforeMapping = 64
firstWindowBytes = 256 * 1024
largestWindowBytes = 4 * 1024 * 1024
backlogLimitBytes = 64 * 1024 * 1024
retrySeconds = 0.5

_now = time.time_ns
_journals = set()


def now_ms():
    """Epoch milliseconds."""
    return _now() // 1000000


def _make_encode():
    encoder = JSONEncoder(separators=(",", ":"), allow_nan=False)
    if c_make_encoder is None:  # a Python without its C modules
        return encoder.encode
    # `JSONEncoder.encode` makes one of these per call: 2.2 us instead of 1.0 for a result's entry, and 40 pages in a forked child.
    parts = c_make_encoder(None, encoder.default, encode_basestring_ascii, None, ":", ",", False, False, False)
    return lambda value: "".join(parts(value, 0))


#: Compact ASCII JSON of a plain value; ValueError for NaN and the infinities.
encode = _make_encode()


class Journal:
    """One writing process' journal of one run. Threads may share it; a forked process goes on in a file of its own."""

    def __init__(self, run_directory, mapped=True):
        """Opens nothing yet: the file is made by the first line. `mapped` false means one system call per line."""
        self.run_directory = run_directory
        self.path = None
        self._mapped = mapped and hasattr(os, "posix_fallocate")
        self._reset()
        _journals.add(self)

    def _reset(self):
        self._lock = RLock()
        self._next = count(1).__next__
        self._deferred = []
        self._descriptor = None
        # Once the file is grown ahead, `(window, offset)`: the text ends where the window stands, which begins at `offset`. `(None, offset)`
        # until the first window is there: the text ends at `offset`. One value, as a signal handler may raise between any two changes.
        self._window = None
        self._window_bytes = firstWindowBytes
        self._put = _refuse
        self._unmapped_lines = 0
        self._backlog = []
        self._backlog_bytes = 0
        self._dropped = 0
        self._retry_at = 0.0
        self._warned = False

    @property
    def position(self):
        """Bytes written so far to the open file, 0 when nothing is open."""
        return 0 if self._descriptor is None else self._position()

    def append(self, kind, *fields, time_ms=None):
        """Write one entry. `fields` are plain JSON; times are epoch milliseconds, now when not given."""
        encoded = encode([kind, *fields]).encode("ascii")
        self.append_tail(b"%d,%b\n" % (_now() // 1000000 if time_ms is None else time_ms, encoded[1:]))

    def append_tail(self, tail):
        """Write a line given as the bytes that follow `[<sequence>,`."""
        if self._lock._is_owned():
            # A signal handler logs in the middle of a log call of its own thread: that call writes this line when it is done.
            self._deferred.append(tail)
            return
        with self._lock:
            line = b"[%d,%b" % (self._next(), tail)
            try:
                self._put(line)
            except (ValueError, OSError):
                self._make_room(line)
            if self._deferred:
                self._drain()

    def metric(self, head, step, value):
        """Write one point, now. `head` is `,"metric",<key as JSON>,` and `value` a finite float or an int.

        The one call made a million times: formatting is done by hand and nothing is called that need not be. `Context.log_metric`
        has these lines written out for its commonest case.
        """
        if self._lock._is_owned():
            self._deferred.append(b"%d%b%d,%a]\n" % (_now() // 1000000, head, step, value))
            return
        with self._lock:
            line = b"[%d,%d%b%d,%a]\n" % (self._next(), _now() // 1000000, head, step, value)
            try:
                self._put(line)
            except (ValueError, OSError):
                self._make_room(line)
            if self._deferred:
                self._drain()

    def _drain(self):
        while self._deferred:
            line = b"[%d,%b" % (self._next(), self._deferred.pop(0))
            try:
                self._put(line)
            except (ValueError, OSError):
                self._make_room(line)

    def _make_room(self, line):
        """The window is full, nothing is open yet, or storage was in trouble: do what is needed and write the line, or keep it."""
        if self._backlog:
            self._keep(line)
            self.flush()
            return
        if self._put is _refuse and time.monotonic() < self._retry_at:
            self._keep(line)
            return
        try:
            self._prepare(len(line))
            self._put(line)
        except OSError as error:
            self._trouble(error)
            self._keep(line)

    def _keep(self, line):
        if self._backlog_bytes + len(line) > backlogLimitBytes:
            self._dropped += 1
            return
        self._backlog_bytes += len(line)
        self._backlog.append(line.partition(b",")[2])

    def flush(self, force=False):
        """Try to write what storage refused before, at most every half second unless `force`d. Returns whether all is written."""
        with self._lock:
            if self._put is not _refuse and not self._backlog:
                self._drain()
                return True
            if not force and time.monotonic() < self._retry_at:
                return False
            try:
                if self._put is _refuse:
                    self._prepare(0)
                self._write_backlog()
                self._drain()
            except OSError as error:
                self._trouble(error)
                return False
            return True

    def _write_backlog(self):
        waiting = self._backlog
        done = 0
        try:
            for tail in waiting:
                line = b"[%d,%b" % (self._next(), tail)
                try:
                    self._put(line)
                except ValueError:
                    self._prepare(len(line))
                    self._put(line)
                done += 1
        finally:
            self._backlog = waiting[done:]
            self._backlog_bytes = sum(map(len, self._backlog))
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            sentence = "%d log entries were lost while the disk refused to take them." % dropped
            self._deferred.append(b"%d,%b\n" % (_now() // 1000000, encode(["problem", sentence]).encode("ascii")[1:]))
        if self._warned:
            self._warned = False
            _say("the journal is written again; nothing that waited was lost.")

    def _trouble(self, error):
        """Storage refused: everything waits in memory until `flush` succeeds."""
        self._put = _refuse
        self._retry_at = time.monotonic() + retrySeconds
        if not self._warned:
            self._warned = True
            reason = error.strerror or str(error)
            _say("cannot write to %s: %s. Training goes on; what is logged waits in memory." % (self.path or self.run_directory, reason))

    def _prepare(self, need_bytes):
        """Make `_put` able to take a line of `need_bytes`."""
        if self._descriptor is None:
            self._open()
        elif self._mapped and (self._window is not None or self._unmapped_lines > linesBeforeMapping):
            self._map_next_window(need_bytes)
        else:
            self._put = self._write_through

    def _open(self):
        path = os.path.join(self.run_directory, "journal-%d-%s.jsonl" % (os.getpid(), os.urandom(4).hex()))
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
        _journals.add(self)
        # Python opens files so that processes started by the script do not inherit them.
        try:
            self._descriptor = os.open(path, flags, 0o644)
        except FileNotFoundError:
            if self.path:  # it was there: someone removed the run, and making it anew would help nobody
                raise
            os.makedirs(self.run_directory, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o644)
        self.path = path
        self._put = self._write_through

    def _position(self):
        """Bytes of text written so far."""
        if self._window is None:
            return os.fstat(self._descriptor).st_size
        window, offset = self._window
        return offset if window is None else offset + window.tell()

    def _map_next_window(self, need_bytes):
        position = self._position()
        start = position - position % mmap.ALLOCATIONGRANULARITY
        size = max(self._window_bytes, need_bytes + mmap.ALLOCATIONGRANULARITY)
        size += -size % mmap.ALLOCATIONGRANULARITY
        if self._window is None:
            self._window = None, position
        try:
            os.posix_fallocate(self._descriptor, start, size)
            window = mmap.mmap(self._descriptor, size, offset=start)
        except OSError as error:
            if error.errno in _full:
                raise
            self._stop_mapping(position)
            return
        except ValueError:  # no shared mappings on this file system
            self._stop_mapping(position)
            return
        window.seek(position - start)
        # In this order an exception raised by a signal handler between any two of these leaves nothing half changed.
        self._put = _refuse
        self._window = window, start
        self._put = window.write
        self._window_bytes = min(self._window_bytes * 2, largestWindowBytes)

    def _stop_mapping(self, position):
        self._mapped = False
        self._window = None
        os.ftruncate(self._descriptor, position)
        self._put = self._write_through

    def _write_through(self, line):
        """One system call per line; a line cut short by a full disk is taken back, so the file always ends in a whole line."""
        self._unmapped_lines += 1
        if self._mapped and self._unmapped_lines > linesBeforeMapping:
            raise ValueError("time to map")
        written = os.write(self._descriptor, line)
        if written != len(line):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(28, os.strerror(28))

    def close(self):
        """Write what still waits and cut the file to its text. Logging again goes on in another file."""
        with self._lock:
            if (self._backlog or self._dropped or self._deferred) and not self.flush(force=True):
                _say("%d log entries could not be written and are lost." % (len(self._backlog) + self._dropped))
            if self._descriptor is None:
                return
            try:
                if self._window is not None:
                    os.ftruncate(self._descriptor, self._position())
                os.close(self._descriptor)
            except OSError as error:
                self._trouble(error)
            warned = self._warned
            _journals.discard(self)
            self._reset()
            self._warned = warned

    def forget(self):
        """A journal that nothing was written to and that only a forked child will use: forks leave it alone until it is."""
        _journals.discard(self)

    def _after_fork(self):
        if self._descriptor is not None:
            os.close(self._descriptor)
        following = self._next
        self._reset()
        # Forked in the middle of a log call, by a signal handler, the child ends that call with the parent's number.
        self._next = following


_full = {28, 122, 27, 5}  # ENOSPC, EDQUOT, EFBIG, EIO: mapping is possible but not now


def _refuse(line):
    raise ValueError("not open")


def _say(sentence):
    try:
        sys.stderr.write("trainyard: %s\n" % sentence)
    except (OSError, ValueError, AttributeError):  # stderr closed or None: there is nobody left to tell
        return


def _after_fork_in_child():
    for journal in list(_journals):
        journal._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
