"""`context.logger`: one line per message on stdout, with fields as JSON."""

import sys
import time

_levels = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Logger:
    """`> 2026-11-21 12:00:00,123 [info] message {"a": 1}`. Never raises: a message that cannot be written is not worth a training."""

    def __init__(self, level="debug"):
        self.level = level

    def set_logger_level(self, level):
        """Show nothing below `level` (`debug`, `info`, `warning`, `error`)."""
        name = str(level).lower()
        if name not in _levels:
            raise ValueError("there is no log level %r; there is: %s" % (level, ", ".join(_levels)))
        self.level = name

    def debug(self, message, *args, **fields):
        self._write("debug", message, args, fields)

    def info(self, message, *args, **fields):
        self._write("info", message, args, fields)

    def warning(self, message, *args, **fields):
        self._write("warning", message, args, fields)

    warn = warning

    def error(self, message, *args, **fields):
        self._write("error", message, args, fields)

    def exception(self, message, *args, **fields):
        """`error` with the traceback of the exception being handled."""
        import traceback

        self._write("error", message, args, {**fields, "traceback": traceback.format_exc()})

    def _write(self, level, message, args, fields):
        if _levels[level] < _levels[self.level]:
            return
        now = time.time()
        stamp = "%s,%03d" % (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)), now % 1 * 1000)
        text = str(message)
        if args:
            try:
                text = text % args
            except (TypeError, ValueError):
                text = " ".join([text, *map(str, args)])
        line = "> %s [%s] %s%s\n" % (stamp, level, text, _fields(fields) if fields else "")
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except UnicodeEncodeError:
            sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii"))
        except (OSError, ValueError, AttributeError):  # stdout closed by the script: there is nowhere left to say it
            return


def _fields(fields):
    import json

    from .values import plain_value

    return " " + json.dumps({key: plain_value(value)[0] for key, value in fields.items()}, ensure_ascii=False)
