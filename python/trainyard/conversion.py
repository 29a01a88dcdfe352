"""Parameters to handler arguments, by type hint. A value that does not fit is refused in words, never passed on half right."""

import collections.abc
import datetime
import enum
import json
import os
import pathlib
import sys
import types
import typing

from .values import short

_union = {typing.Union, getattr(types, "UnionType", typing.Union)}
_nothing = object()


class Misfit(ValueError):
    """The value is not what the hint says; the text says what it must be."""


def hints_of(function):
    """Type hints by argument name, texts resolved. A hint that cannot be resolved counts as none."""
    target = function
    while hasattr(target, "__wrapped__"):
        target = target.__wrapped__
    if isinstance(target, type):
        target = target.__init__
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception:  # a name only a type checker knows, or `int | None` as text before Python 3.10: one by one below
        space = getattr(target, "__globals__", {})
        raw = getattr(target, "__annotations__", {})
        resolved = {name: _resolve(hint, space) for name, hint in raw.items()}
        return {name: hint for name, hint in resolved.items() if hint is not _nothing}


def _resolve(hint, space):
    if not isinstance(hint, str):
        return hint
    try:
        return eval(hint, space)  # noqa: S307  the text stands in the user's own source; typing.get_type_hints does the same
    except Exception:  # see above
        parts = _split_union(hint)
        if len(parts) < 2:
            return _nothing
        members = [_resolve(part, space) for part in parts]
        return _nothing if _nothing in members else typing.Union[tuple(None if member is None else member for member in members)]


def _split_union(text):
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[(") - (character in ")]")
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def convert(value, hint, text=None):
    """`value` (plain JSON) as the hint wants it; `text` is the value as typed, for hints that want text. Raises `Misfit`."""
    hint, origin, arguments = _taken_apart(hint)
    if origin in _union:
        return _one_of(value, arguments, text)
    if origin is typing.Literal:
        return _literal(value, arguments, text)
    target = origin or hint
    by_name = _byName.get((getattr(target, "__module__", "").partition(".")[0], getattr(target, "__name__", "")))
    if by_name:
        return by_name(value)
    if not isinstance(target, type):
        return value
    if issubclass(target, enum.Enum):
        return _member(value, target, text)
    for kind, converter in _converters:
        if target is kind:
            return converter(value, arguments, text)
    if issubclass(target, pathlib.PurePath):
        return target(_text(value, (), text, "a path (Path)"))
    return value


def _taken_apart(hint):
    while True:
        if hasattr(hint, "__supertype__"):  # NewType
            hint = hint.__supertype__
        elif hasattr(hint, "__metadata__"):  # Annotated
            hint = hint.__origin__
        else:
            return hint, typing.get_origin(hint), typing.get_args(hint)


def expected(hint):
    """How a sentence names what a hint wants."""
    hint, origin, arguments = _taken_apart(hint)
    if origin in _union:
        return " or ".join(dict.fromkeys(expected(each) for each in arguments))
    if origin is typing.Literal:
        return "one of %s" % ", ".join(short(each) for each in arguments)
    target = origin or hint
    if target in (None, type(None)):
        return "null"
    if isinstance(target, type) and issubclass(target, enum.Enum):
        return "one of %s" % ", ".join(short(member.value) for member in target)
    return _names.get(target) or "a %s" % getattr(target, "__name__", target)


_names = {
    int: "a whole number (int)",
    float: "a number (float)",
    complex: "a complex number (complex)",
    bool: "true or false (bool)",
    str: "text (str)",
    list: "a list such as [1, 2]",
    tuple: "a list such as [1, 2] (tuple)",
    set: "a list such as [1, 2] (set)",
    frozenset: "a list such as [1, 2] (frozenset)",
    dict: 'an object such as {"a": 1} (dict)',
    datetime.datetime: "a time such as 2026-11-21T12:00:00 (datetime)",
    datetime.date: "a date such as 2026-11-21 (date)",
    collections.abc.Sequence: "a list such as [1, 2]",
    collections.abc.Iterable: "a list such as [1, 2]",
    collections.abc.Mapping: 'an object such as {"a": 1}',
}


def _one_of(value, members, text):
    if value is None or (isinstance(value, str) and value.lower() in ("none", "null") and str not in members):
        if type(None) in members:
            return None
    members = [member for member in members if member is not type(None)]
    exact = [member for member in members if type(value) is member and member is not str]
    # Text takes anything, so it is tried last; a value that already has one of the types keeps it.
    for member in [*exact, *(each for each in members if each is not str), *(each for each in members if each is str)]:
        try:
            return convert(value, member, text)
        except Misfit:
            continue
    raise Misfit


def _literal(value, choices, text):
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    for choice in choices:
        if choice == value or (isinstance(choice, str) and choice == text):
            return choice
    raise Misfit


def _member(value, kind, text):
    for candidate in (value, text):
        for member in kind:
            if candidate is not None and (member.value == candidate or member.name == candidate):
                return member
    raise Misfit


def _integer(value, arguments, text):
    if isinstance(value, bool) or value is None:
        raise Misfit
    try:
        if isinstance(value, float):
            if value != int(value):
                raise Misfit
            return int(value)
        return int(value)
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        number = float(value)
        if number == int(number):
            return int(number)
    except (ValueError, TypeError, OverflowError):
        pass
    raise Misfit


def _number(value, arguments, text):
    if isinstance(value, bool) or value is None:
        raise Misfit
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        raise Misfit from None


def _complex(value, arguments, text):
    try:
        return complex(value)
    except (ValueError, TypeError):
        raise Misfit from None


_truths = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _truth(value, arguments, text):
    if isinstance(value, bool):
        return value
    found = _truths.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if found is None:
        raise Misfit
    return found


def _text(value, arguments, text, what=None):
    if isinstance(value, str):
        return text if text is not None else value
    if text is not None:
        return text
    if value is None or isinstance(value, (list, dict)) and what:
        raise Misfit
    if hasattr(value, "local"):
        return value.local()
    return json.dumps(value) if isinstance(value, (bool, list, dict)) else str(value)


def _bytes(value, arguments, text):
    return value.get() if hasattr(value, "local") else _text(value, arguments, text).encode("utf-8")


def _from_json(value):
    if hasattr(value, "local"):
        value = value.get(encoding="utf-8")
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _elements(value):
    value = _from_json(value)
    if isinstance(value, str):
        if not value.strip() or value.lstrip()[0] in "[{":
            raise Misfit
        return [_from_json(part.strip()) for part in value.split(",")]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    raise Misfit


def _list(value, arguments, text):
    elements = _elements(value)
    return [convert(each, arguments[0]) for each in elements] if arguments else elements


def _tuple(value, arguments, text):
    elements = _elements(value)
    if not arguments:
        return tuple(elements)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(convert(each, arguments[0]) for each in elements)
    if len(arguments) != len(elements):
        raise Misfit
    return tuple(convert(each, hint) for each, hint in zip(elements, arguments))


def _dict(value, arguments, text):
    value = _from_json(value)
    if not isinstance(value, dict):
        raise Misfit
    if len(arguments) != 2:
        return dict(value)
    return {convert(key, arguments[0]): convert(each, arguments[1]) for key, each in value.items()}


def _time(value, arguments, text, kind=datetime.datetime):
    if isinstance(value, (int, float)) and not isinstance(value, bool) and kind is datetime.datetime:
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    try:
        written = str(text if text is not None else value).strip()
        return kind.fromisoformat(written[:-1] + "+00:00" if written.endswith(("Z", "z")) else written)
    except ValueError:
        raise Misfit from None


def _path(value, arguments, text):
    return pathlib.Path(_text(value, arguments, text, "path"))


def _decimal(value):
    import decimal

    try:
        return decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        raise Misfit from None


def _item(value):
    from .inputs import DataItem

    if hasattr(value, "local"):
        return value
    if not isinstance(value, str):
        raise Misfit
    return DataItem(value)


def _array(value):
    numpy = sys.modules.get("numpy")
    if hasattr(value, "local"):
        return numpy.load(value.local()) if value.suffix in (".npy", ".npz") else value.as_df().to_numpy()
    return numpy.asarray(_elements(value))


_byName = {
    ("pandas", "DataFrame"): lambda value: _item(value).as_df(),
    ("polars", "DataFrame"): lambda value: _item(value).as_df(library="polars"),
    ("numpy", "ndarray"): _array,
    ("decimal", "Decimal"): _decimal,
    ("trainyard", "DataItem"): _item,
}

_converters = [
    (bool, _truth),
    (int, _integer),
    (float, _number),
    (complex, _complex),
    (str, _text),
    (bytes, _bytes),
    (list, _list),
    (collections.abc.Sequence, _list),
    (collections.abc.Iterable, _list),
    (collections.abc.Collection, _list),
    (tuple, _tuple),
    (set, lambda value, arguments, text: set(_list(value, arguments, text))),
    (frozenset, lambda value, arguments, text: frozenset(_list(value, arguments, text))),
    (dict, _dict),
    (collections.abc.Mapping, _dict),
    (pathlib.Path, _path),
    (pathlib.PurePath, _path),
    (os.PathLike, _path),
    (datetime.datetime, _time),
    (datetime.date, lambda value, arguments, text: _time(value, arguments, text, datetime.date)),
]
