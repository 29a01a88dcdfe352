"""Turn any Python value into plain JSON: numbers, text, booleans, None, lists and dicts with text keys.

JSON has no NaN, no infinities and (in most readers) no integers beyond 2^53, so NaN and the infinities become the texts
``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, and larger integers become their digits as text. Missing values (None, NaT, pandas'
NA) become null, dates ISO 8601 text. Works on NumPy, pandas, Polars and Arrow values without importing any of them.
"""

import base64
import datetime
import math

MAX_EXACT_INTEGER = 2**53

_MISSING_TYPES = {"NAType", "NaTType"}


def is_missing(value):
    """True for None, NaN, NaT and pandas' NA; never raises, whatever the type."""
    if value is None:
        return True
    if isinstance(value, (str, bytes, bool, int)):
        return False
    if isinstance(value, float):
        return value != value
    if type(value).__name__ in _MISSING_TYPES:
        return True
    try:
        # Comparing a signalling NaN raises; decimals tell themselves.
        return value.is_nan() if type(value).__name__ == "Decimal" else bool(value != value)
    except Exception:  # arrays, signalling decimals, user classes: whatever they are, they are not missing
        return False


def is_scalar(value):
    """A number, boolean, text or None, including NumPy scalars and one-element tensors with no dimensions."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return True
    return callable(getattr(value, "item", None)) and getattr(value, "shape", None) == ()


def plain_number(value):
    """A float or int as JSON can carry it."""
    if isinstance(value, int):
        return value if -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER else digits(value)
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def digits(value):
    """The decimal digits of an integer, also where Python refuses to print it (more than 4,300 digits)."""
    try:
        return str(value)
    except ValueError:
        return hex(value)


def plain_text(value):
    """Text that UTF-8 can carry: lone surrogates become ``?``."""
    try:
        value.encode("utf-8")
        return str(value)
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode("utf-8")


def plain(value, depth=32):
    """``value`` as plain JSON. Unknown objects become their ``str``; deeper nesting than ``depth`` too."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, int):
        return plain_number(int(value))
    if isinstance(value, float):
        return plain_number(float(value))
    if type(value).__name__ in _MISSING_TYPES:
        return None
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if depth <= 0:
        return as_text(value)
    if isinstance(value, dict):
        return {as_text(key): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return [plain(item, depth - 1) for item in sorted(value, key=repr)]
    return _plain_foreign(value, depth)


def _plain_foreign(value, depth):
    for name in ("item", "tolist", "to_list", "to_pylist"):
        method = getattr(value, name, None)
        if not callable(method) or (name == "item" and getattr(value, "shape", None) != ()):
            continue
        try:
            converted = method()
        except Exception:  # a class of the user's with a method of that name and another meaning
            continue
        if converted is not value and type(converted) is not type(value):
            return plain(converted, depth - 1)
    return as_text(value)


def as_text(value):
    """``str(value)`` that cannot fail."""
    if isinstance(value, str):
        return plain_text(value)
    try:
        return plain_text(str(value))
    except Exception as error:
        return f"<{type(value).__name__} that cannot be printed: {type(error).__name__}>"


def is_plain(value, depth=32):
    """True when ``plain`` would keep ``value`` as it is: nothing turned into text on the way, apart from special numbers."""
    if is_scalar(value):
        return True
    if depth <= 0:
        return False
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item, depth - 1) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_plain(item, depth - 1) for item in value)
    return False
