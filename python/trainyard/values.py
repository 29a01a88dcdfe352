"""Values a script logs: which are numbers, and how the rest become plain JSON."""

_plainTypes = {str, bool, type(None)}
_exactInteger = 2**53


def number_of(value):
    """The int or float that `value` stands for, or None when it is not one number.

    Booleans are 0 and 1. NumPy scalars, arrays and tensors with exactly one element, Decimal and Fraction count; text and complex do not.
    """
    kind = type(value)
    if kind is float:
        return value
    if kind is int or kind is bool:
        return _integer(int(value))
    if value is None or isinstance(value, (str, bytes, bytearray, complex)) or kind.__name__.startswith("complex"):
        return None
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return _integer(int(value))
    if getattr(getattr(value, "dtype", None), "kind", "") in ("c", "M", "m", "S", "U"):
        return None
    # Before NumPy 1.25 `float(array of one)` is silent, after it warns; `.item()` is right for all, and for tensors too.
    for convert in (getattr(value, "item", None), getattr(value, "numpy", None), None):
        try:
            if convert is None:
                return float(value)
            found = convert()
            if type(found) in (int, float, bool):
                return number_of(found)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
        except Exception:  # not that kind of object: the next way, and in the end "not a number"
            if convert is None:
                return None
    return None


def _integer(value):
    if -_exactInteger <= value <= _exactInteger:
        return value
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def wire_number(value):
    """A number as JSON can carry it: NaN and the infinities as text."""
    if value - value == 0:
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def plain_value(value):
    """`(plain JSON, True)`, or `(text, False)` when the value is of a kind that only its text could be kept of."""
    kind = type(value)
    if kind in _plainTypes and (kind is not str or value.isascii()):
        return value, True
    if kind is float or kind is int:
        return wire_number(number_of(value)), True
    if not isinstance(value, (str, list, dict, tuple, bool)):
        number = number_of(value)
        if number is not None:
            return wire_number(number), True
    from .plain import is_plain, plain

    made = plain(value)
    if is_plain(value) or isinstance(value, (set, frozenset)):
        return made, True
    return made, not isinstance(made, str) and _small(made)


def _small(value):
    return isinstance(value, (dict, list)) and len(value) <= 1000


def short(value, limit=80):
    """How a sentence shows a value: its JSON-like text, cut."""
    try:
        text = '"%s"' % value if isinstance(value, str) else repr(value)
    except Exception as error:  # a class of the user's whose repr fails
        text = "<%s: %s>" % (type(value).__name__, type(error).__name__)
    return text if len(text) <= limit else text[: limit - 3] + "..."
