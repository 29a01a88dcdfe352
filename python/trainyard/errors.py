"""Errors of ours, and what the journal says about errors of the user's."""

import os
import sys

_package = os.path.dirname(os.path.abspath(__file__))
_messageLimit = 10_000
_tracebackLimit = 64_000

#: Import name to the name one installs, where they differ.
_distributions = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "attr": "attrs",
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "google": "protobuf",
    "pytorch_lightning": "pytorch-lightning",
    "umap": "umap-learn",
    "faiss": "faiss-cpu",
    "jwt": "pyjwt",
    "serial": "pyserial",
    "MySQLdb": "mysqlclient",
    "psycopg2": "psycopg2-binary",
}


class Fault(Exception):
    """Something the user can put right, said in one sentence; `kind` is the error type the journal names. No traceback is shown."""

    def __init__(self, kind, message, traceback=None):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.traceback = traceback


class RunAborted(SystemExit):
    """Raised in the main thread when the run is asked to stop (SIGTERM), so that `finally` blocks run and files are closed. Not a
    `KeyboardInterrupt`: scikit-learn's networks and others catch that one in the middle of training, and go on."""


class InputError(OSError):
    """An input that cannot be read, in one sentence."""


def user_traceback(traceback):
    """`traceback` without the leading frames that are ours or runpy's: what `python script.py` would show."""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        ours = name.startswith(_package + os.sep) or name in ("<frozen runpy>", "<string>") or os.path.basename(name) == "runpy.py"
        if not ours:
            return traceback
        traceback = traceback.tb_next
    return None


def describe_error(error):
    """The journal's RunError of an exception."""
    if isinstance(error, Fault):
        described = {"type": error.kind, "message": error.message}
        if error.traceback:
            described["traceback"] = error.traceback
        return described
    described = {"type": type(error).__qualname__, "message": _message(error)}
    try:
        import traceback

        lines = traceback.format_exception(type(error), error, user_traceback(error.__traceback__))
        described["traceback"] = _middle_cut("".join(lines), _tracebackLimit)
    except Exception as trouble:  # a user's exception whose parts cannot be printed; what is known stands without it
        described["traceback"] = "The traceback cannot be shown: %s" % type(trouble).__name__
    return {key: value.encode("utf-8", "backslashreplace").decode("utf-8") for key, value in described.items()}


def _message(error):
    if isinstance(error, ModuleNotFoundError) and error.name:
        return missing_package(error)
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return "%s:%d: %s" % (error.filename, error.lineno, error.msg)
    try:
        text = str(error)
    except Exception as trouble:  # a user's exception whose __str__ fails
        text = "<its text cannot be shown: %s>" % type(trouble).__name__
    return _middle_cut(text or type(error).__name__, _messageLimit)


def _middle_cut(text, limit):
    return text if len(text) <= limit else text[: limit // 2] + "\n...\n" + text[-limit // 2 :]


def missing_package(error):
    """One sentence for a ModuleNotFoundError: what to add and how."""
    top = error.name.partition(".")[0]
    if top in sys.modules and "." in error.name:
        return "The installed package %r has no module %r: it may be another version than the script needs." % (top, error.name)
    name = _distributions.get(top, top)
    return (
        "Python package %r is not installed for %s: add it to the requirements of the run"
        ' (a "# /// script" header or requirements.txt) or install it with: %s -m pip install %s'
        % (name, sys.executable, sys.executable or "python", name)
    )


def exit_code(error):
    """The exit status Python gives for an exception that reaches the top."""
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    if isinstance(error, Fault):
        return 2
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def end_of(error):
    """The journal's JournalEnd for the way a piece of user code ended; `error` None means it returned."""
    if error is None or (isinstance(error, SystemExit) and exit_code(error) == 0):
        return {"outcome": "completed"}
    if isinstance(error, RunAborted):
        return {"outcome": "aborted"}
    if isinstance(error, KeyboardInterrupt):
        return {"outcome": "aborted", "error": {"type": "KeyboardInterrupt", "message": "The run was interrupted from the keyboard."}}
    if isinstance(error, SystemExit):
        said = "" if isinstance(error.code, int) else ": %s" % _middle_cut(str(error.code), _messageLimit)
        return {"outcome": "failed", "error": {"type": "SystemExit", "message": "The script exited with code %d%s" % (exit_code(error), said)}}
    return {"outcome": "failed", "error": describe_error(error)}
