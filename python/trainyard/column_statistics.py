"""Statistics of the columns of a data set, with NumPy when the frame brings it, else in plain Python with the same results.

One dict per column, in order (names may repeat)::

    {"name": "age", "type": "int64", "count": 5, "missing": 0, "unique": 5,
     "mean": 46.8, "std": 18.4, "min": 24, "25%": 36, "50%": 42, "75%": 52, "max": 73,
     "histogram": {"counts": [20 numbers], "edges": [21 numbers]}}

``count`` counts values that are not missing (null or NaN). Numbers: ``std`` is of the sample (n - 1), quantiles are interpolated
linearly, the histogram covers the finite values between their minimum and maximum. Text, booleans and mixed columns have ``top``
(most frequent, the first of equals) and ``freq`` instead; dates and times have ``min`` and ``max`` as ISO 8601 text. What is not
defined (the mean of nothing, the deviation of one value) is null.
"""

import bisect
import collections
import datetime
import decimal
import fractions
import math
import sys

from .plain import as_text, is_missing, plain, plain_number

HISTOGRAM_BINS = 20
QUANTILES = (("25%", 0.25), ("50%", 0.5), ("75%", 0.75))
MAX_TOP_CHARACTERS = 200

_PLAIN_NUMBERS = {int, float, type(None)}
_NUMBERS = (int, float, decimal.Decimal, fractions.Fraction)


def describe(frame):
    """Statistics of every column of a ``frames.Frame``."""
    types = frame.types()
    return [
        {"name": name, "type": types[index], **_describe_column(frame, index)} for index, name in enumerate(frame.names)
    ]


def _describe_column(frame, index):
    array = frame.numbers(index)
    if array is not None:
        return _describe_array(array, sys.modules["numpy"])
    return describe_values(frame.values(index))


def describe_values(values):
    """Statistics of one column given as a list of Python values."""
    types = set(map(type, values))
    if types <= _PLAIN_NUMBERS:
        present = [value for value in values if value == value and value is not None]
    else:
        present = [value for value in values if not is_missing(value)]
    base = {"count": len(present), "missing": len(values) - len(present)}
    if present and (types <= _PLAIN_NUMBERS or all(isinstance(value, _NUMBERS) and not isinstance(value, bool) for value in present)):
        try:
            numbers = [float(value) for value in present]
        except OverflowError:  # integers beyond the largest float
            return {**base, **_describe_categories(present)}
        return {**base, **_describe_numbers(numbers, unique=len(set(present)), extremes=_exact_extremes(present))}
    if present and _comparable_times(present):
        return {**base, "unique": len(set(present)), "min": _time_text(min(present)), "max": _time_text(max(present))}
    return {**base, **_describe_categories(present)}


def _comparable_times(values):
    times = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)
    if not all(isinstance(value, times) for value in values):
        return False
    try:
        min(values)
        return True
    except TypeError:  # with and without a time zone, dates among times
        return False


def _time_text(value):
    return str(value) if isinstance(value, datetime.timedelta) else value.isoformat()


def _describe_categories(values):
    counts = collections.Counter(_hashable(value) for value in values)
    if not counts:
        return {"unique": 0, "top": None, "freq": None}
    (_, key), freq = counts.most_common(1)[0]
    top = plain(key)
    if not isinstance(top, (str, int, float, bool)):
        top = as_text(key)
    if isinstance(top, str) and len(top) > MAX_TOP_CHARACTERS:
        top = top[: MAX_TOP_CHARACTERS - 1] + "…"
    return {"unique": len(counts), "top": top, "freq": freq}


def _hashable(value):
    """A key that keeps True apart from 1 and takes lists and dicts too."""
    try:
        hash(value)
        return (type(value) is bool, value)
    except TypeError:
        return (False, repr(value))


def _exact_extremes(values):
    """Integers keep their digits; everything else is a float."""
    low, high = min(values), max(values)
    return tuple(int(value) if isinstance(value, int) else float(value) for value in (low, high))


def _describe_numbers(numbers, unique, extremes):
    count = len(numbers)
    mean = _sum(numbers) / count
    if math.isinf(mean) and all(map(math.isfinite, numbers)):
        mean = _sum([number / count for number in numbers])
    ordered = sorted(numbers)
    low, high = extremes
    return {
        "unique": unique,
        "mean": _defined(mean),
        "std": _defined(_deviation(numbers, mean)),
        "min": plain_number(low),
        **{name: _defined(_quantile(ordered, share)) for name, share in QUANTILES},
        "max": plain_number(high),
        "histogram": _histogram([number for number in ordered if math.isfinite(number)]),
    }


def _sum(numbers):
    try:
        return math.fsum(numbers)
    except (ValueError, OverflowError):  # both infinities; a sum beyond the largest float
        return sum(numbers)


def _deviation(numbers, mean):
    if len(numbers) < 2 or not math.isfinite(mean):
        return math.nan
    try:
        return math.sqrt(_sum([(number - mean) * (number - mean) for number in numbers]) / (len(numbers) - 1))
    except OverflowError:
        return math.inf


def _quantile(ordered, share):
    position = (len(ordered) - 1) * share
    lower = math.floor(position)
    fraction = position - lower
    low = ordered[lower]
    if fraction == 0:
        return low
    high = ordered[lower + 1]
    return low if low == high else low + (high - low) * fraction


def _histogram(ordered):
    """Twenty equal bins, the last one closed on both sides, as NumPy counts them."""
    edges = _edges(ordered[0], ordered[-1]) if ordered else None
    if edges is None:
        return None
    below = [bisect.bisect_left(ordered, edge) for edge in edges[:-1]] + [len(ordered)]
    counts = [following - first for first, following in zip(below, below[1:])]
    return {"counts": counts, "edges": edges}


def _edges(low, high):
    if low == high:
        low, high = low - 0.5, high + 0.5
    if math.isinf(high - low):
        return None
    step = (high - low) / HISTOGRAM_BINS
    if step == 0 or low + step == low:  # too narrow for floats to tell twenty edges apart
        return None
    return [low + index * step for index in range(HISTOGRAM_BINS)] + [high]


def _describe_array(array, numpy):
    whole = array.dtype.kind in "iu"
    present = array if whole else array[~numpy.isnan(array)]
    number = int if whole else float
    count = int(present.size)
    base = {"count": count, "missing": int(array.size) - count}
    if count == 0:
        empty = {"unique": 0, "mean": None, "std": None, "min": None, "max": None, "histogram": None}
        return {**base, **empty, **{name: None for name, _ in QUANTILES}}
    with numpy.errstate(all="ignore"):
        finite = present[numpy.isfinite(present)]
        quantiles = numpy.quantile(present, [share for _, share in QUANTILES])
        edges = _edges(float(finite.min()), float(finite.max())) if finite.size else None
        return {
            **base,
            "unique": int(numpy.unique(present).size),
            "mean": _defined(float(present.mean())),
            "std": _defined(float(present.std(ddof=1))) if count > 1 else None,
            "min": plain_number(number(present.min())),
            **{name: _defined(float(value)) for (name, _), value in zip(QUANTILES, quantiles)},
            "max": plain_number(number(present.max())),
            "histogram": _array_histogram(finite, edges, numpy),
        }


def _array_histogram(finite, edges, numpy):
    if edges is None:
        return None
    counts, _ = numpy.histogram(finite, bins=edges)
    return {"counts": counts.tolist(), "edges": edges}


def _defined(value):
    return None if value != value else plain_number(value)
