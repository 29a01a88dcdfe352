"""Refusing keyword names that do not exist, by name, with the nearest right one."""

import difflib


def nearest(name, known):
    """The known name most like ``name``, or None. Letters swapped, missing, doubled and in another case all count as near."""
    by_lower = {candidate.lower().replace("_", ""): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower().replace("_", ""), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def unknown_keyword(function, unknown, known):
    """One sentence about the first of the ``unknown`` names."""
    name = next(iter(unknown))
    near = nearest(name, known)
    hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(known)}"
    return f"{function}() has no argument {name!r}: {hint}"


def refuse_unknown(function, unknown, known):
    """Raise ``TypeError`` when ``unknown`` (a dict of keyword arguments) is not empty."""
    if unknown:
        raise TypeError(unknown_keyword(function, unknown, known))
