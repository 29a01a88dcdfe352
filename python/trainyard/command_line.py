"""Calling the ``trainyard`` command, which does all the work: this package only asks it."""

import json
import os
import shutil
import signal
import subprocess
import threading


class TrainyardError(Exception):
    """The command refused or failed; the message is its own sentence. ``code`` is its exit code."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


#: Commands that were left running; held so that Python does not complain about a process nobody waited for.
_left = []

#: The exit code that says: there is no such run.
EXIT_NOT_FOUND = 3


def program():
    """The command as a list of words: ``TRAINYARD_CLI`` (a JSON list, or one path), else what is on PATH, else the one installed in the
    nearest ``node_modules`` upwards, as ``npx`` finds it. It is never fetched: what a registry has under a name is not ours to run."""
    chosen = os.environ.get("TRAINYARD_CLI", "").strip()
    if chosen.startswith("["):
        try:
            words = json.loads(chosen)
        except ValueError:
            words = None
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise TrainyardError("TRAINYARD_CLI must be a JSON list of words, for example [\"npx\", \"trainyard\"], or the path of the program")
        return words
    if chosen:
        return [chosen]
    found = shutil.which("trainyard")
    if found:
        return [found]
    folder = os.getcwd()
    while True:
        local = os.path.join(folder, "node_modules", ".bin", "trainyard")
        if os.access(local, os.X_OK):
            return [local]
        if os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    raise TrainyardError("The trainyard command was not found: put it on PATH, install it in this project with npm, or set TRAINYARD_CLI")


def call(arguments, *, stdin=None, data=None, directory=None, show=None, show_stdout=None, pass_fds=(), started=None):
    """Run the command to its end. Returns ``(exit code, stdout as text, stderr as text)``.

    ``show`` and ``show_stdout`` are text streams that get stderr and stdout while they come (then only their end is returned). ``started`` is called once the command
    runs (to close descriptors it has inherited). Each Ctrl-C is handed on as one SIGINT (the first asks the run to stop, the
    second kills it) and the command's end is waited for; a third kills the command itself.
    """
    command = [*program(), *arguments, *(["--data", os.fspath(data)] if data else [])]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
            pass_fds=pass_fds,
            # A session of its own: a terminal's Ctrl-C reaches this process alone, which hands it on exactly once.
            start_new_session=True,
        )
    except OSError as error:
        raise TrainyardError(f"Cannot start {command[0]}: {error.strerror or error}") from error
    finally:
        if started is not None:
            started()
    kept = {"stdout": [], "stderr": []}
    readers = [
        _reader(process.stdout, kept["stdout"], show_stdout),
        _reader(process.stderr, kept["stderr"], show),
    ]
    interrupted = _talk(process, stdin, readers)
    if interrupted:
        raise KeyboardInterrupt
    return process.returncode, "".join(kept["stdout"]), "".join(kept["stderr"])


def leave(arguments, stdin, messages, data=None, directory=None):
    """Start the command with its stderr in the open file ``messages``, and do not wait for it; returns the process."""
    command = [*program(), *arguments, *(["--data", os.fspath(data)] if data else [])]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=messages, cwd=directory, start_new_session=True
        )
    except OSError as error:
        raise TrainyardError(f"Cannot start {command[0]}: {error.strerror or error}") from error
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it refused before reading; its exit code tells
    _left[:] = [other for other in _left if other.poll() is None] + [process]
    return process


def _reader(stream, kept, show):
    def read():
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with stream:
            while True:
                piece = stream.read1(65536)
                text = decoder.decode(piece, final=not piece)
                if text:
                    kept.append(text)
                    # Only the end of a long log is needed for the sentence of an error; the log itself is in the records.
                    if show is not None:
                        del kept[:-16]
                        _write(show, text)
                if not piece:
                    return

    thread = threading.Thread(target=read, name="trainyard-output", daemon=True)
    thread.start()
    return thread


def _write(show, text):
    try:
        show.write(text)
        show.flush()
    except (OSError, ValueError, UnicodeError):
        pass  # the terminal went away; the run goes on


def _talk(process, stdin, readers):
    """Feed stdin and wait; returns True when the user pressed Ctrl-C."""
    interrupts = 0
    fed = False
    while True:
        try:
            if not fed and stdin is not None:
                fed = True
                try:
                    process.stdin.write(stdin)
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # it refused before reading; its exit code tells
            process.wait()
            for reader in readers:
                reader.join(timeout=5)
            return interrupts > 0
        except KeyboardInterrupt:
            interrupts += 1
            process.send_signal(signal.SIGINT if interrupts <= 2 else signal.SIGKILL)


def checked(result, good=(0,)):
    """Stdout of a call, or ``TrainyardError`` with the command's own sentence."""
    code, stdout, stderr = result
    if code in good:
        return stdout
    raise TrainyardError(sentence_of(stderr) or f"trainyard ended with exit code {code}", code)


def sentence_of(stderr):
    """The command's last error sentence (``error: ...`` and its hint), without colours."""
    import re

    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in stderr.splitlines()]
    lines = [line for line in lines if line]
    for index in range(len(lines) - 1, -1, -1):
        for mark in ("error:", "internal error:"):
            if lines[index].startswith(mark):
                hint = lines[index + 1] if index + 1 < len(lines) and lines[index + 1].startswith("hint:") else ""
                return lines[index][len(mark) :].strip() + (f" ({hint[5:].strip()})" if hint else "")
    return lines[-1] if lines else ""


def last_object(stdout):
    """The JSON value at the end of ``stdout`` (the whole of it, or its last line or block), or None."""
    text = stdout.strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        pass
    for opening in ("\n{", "\n["):
        position = text.rfind(opening)
        while position >= 0:
            try:
                return json.loads(text[position + 1 :])
            except ValueError:
                position = text.rfind(opening, 0, position)
    return None
