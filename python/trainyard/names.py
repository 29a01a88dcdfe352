"""Sentences about names that do not exist: the nearest right one first."""


def nearest(name, known):
    """The known name most like `name`, or None. difflib is imported only here: nobody waits for it in a run that goes well."""
    import difflib

    known = [str(each) for each in known]
    folded = {each.lower().replace("-", "_"): each for each in reversed(known)}
    found = difflib.get_close_matches(str(name).lower().replace("-", "_"), list(folded), n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def unknown_name(sentence, name, known):
    """`sentence` with `name` in it, the nearest known name, and the list of them when it is short enough to read."""
    known = [str(each) for each in known]
    near = nearest(name, known)
    text = sentence % (str(name),)
    if near:
        text += "; did you mean %r?" % near
    elif known:
        text += "; there is: %s" % ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return text


def refuse_keywords(call, unknown, known):
    """Raise TypeError for the first keyword a call does not have. `known` is a tuple of its keywords."""
    name = next(iter(unknown))
    raise TypeError(unknown_name(call + "() has no argument %r", name, known))
