"""Finding a handler in a file and calling it with a run's parameters and inputs."""

import os
import sys
from types import CoroutineType

from .errors import Fault, InputError
from .names import nearest


def read_script(path):
    """The compiled file. Raises `Fault` (`missing_script`, `syntax_error`)."""
    try:
        with open(path, "rb") as file:
            source = file.read()
    except IsADirectoryError:
        raise Fault("missing_script", "%s is a folder; name a Python file in it." % path) from None
    except OSError as error:
        raise Fault("missing_script", "Cannot read the script %s: %s." % (path, error.strerror or error)) from None
    try:
        # "exec" with dont_inherit: our own __future__ flags are not the script's.
        return compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        import traceback

        lines = "".join(traceback.format_exception_only(type(error), error))
        # Python's own words, with the marked line, are what a user knows how to read.
        raise Fault("syntax_error", "%s:%s: %s" % (error.filename or path, error.lineno or 1, error.msg), lines) from None
    except ValueError as error:  # NUL bytes, before Python 3.12
        raise Fault("syntax_error", "%s:1: %s" % (path, error)) from None


def load_module(path):
    """Run the file as a module named like it (so not as `__main__`), importable under that name by others."""
    code = read_script(path)
    import importlib.machinery
    import importlib.util

    name = os.path.splitext(os.path.basename(path))[0]
    if name in sys.modules or name in ("trainyard", "__main__"):
        name = "__trainyard_script_%s" % name
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    exec(code, module.__dict__)  # noqa: S102  running the user's file is the job
    return module


def find_handler(module, name, path):
    """The callable `name` (also `Class::method` and `Class.method`). Raises `Fault` (`missing_handler`) with the handlers there are."""
    parts = name.replace("::", ".").split(".")
    found = module
    for index, part in enumerate(parts):
        owner = found
        found = getattr(owner, part, None)
        if found is None:
            raise Fault("missing_handler", _missing(module, name, path))
        if isinstance(owner, type) and index:
            found = _Method(owner, part)
    if not callable(found):
        raise Fault("missing_handler", "%s in %s is a %s, not a function." % (name, path, type(found).__name__))
    return found


class _Method:
    """A method of a class that is made anew for each call; the class takes the parameters its `__init__` names."""

    def __init__(self, owner, name):
        self.owner = owner
        self.name = name
        self.function = getattr(owner, name)
        self.is_plain = not isinstance(owner.__dict__.get(name), (staticmethod, classmethod))

    def __call__(self, *arguments, **keywords):
        return self.function(*arguments, **keywords)


def _missing(module, name, path):
    there = public_functions(module, path)
    file = os.path.basename(path)
    if not there:
        return "%s has no handler %r: it defines no public function." % (file, name)
    near = nearest(name, there)
    ordered = [near, *(each for each in there if each != near)] if near else there
    more = ", ..." if len(ordered) > 20 else ""
    return "%s has no handler %r; it has: %s%s" % (file, name, ", ".join(ordered[:20]), more)


def public_functions(module, path):
    """Names of the functions the file itself defines, in the order of the file."""
    found = []
    for name, value in list(vars(module).items()):
        function = value
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        code = getattr(function, "__code__", None)
        if not name.startswith("_") and code is not None and code.co_filename == path:
            found.append(name)
    return found


class Call:
    """A handler with its signature looked at once, ready to be called for many runs."""

    def __init__(self, function, label):
        import inspect

        self.function = function
        self.label = label
        self.target = function.function if isinstance(function, _Method) else function
        self.settings = _settings(self.target)
        self.plan = _plan(inspect, self.target, isinstance(function, _Method) and function.is_plain)
        self.constructor = None
        if isinstance(function, _Method) and function.is_plain:
            self.constructor = _plan(inspect, function.owner, False)
        #: Whether `run` uses the session's context in any case.
        self.wants_context = bool(self.settings) or any(plan is not None and plan.context for plan in (self.plan, self.constructor))

    def run(self, session):
        """Call it with the session's parameters and inputs, log what it returns. What the handler raises passes through."""
        if self.settings and self.settings["labels"]:
            session.context.set_labels(self.settings["labels"])
        parameters = dict(session.spec.get("parameters") or {})
        arguments = []
        if self.constructor is not None:
            own = {name: parameters.pop(name) for name in list(parameters) if name in self.constructor.names and name not in self.plan.names}
            positional, keywords = self._bind(self.constructor, session, own)
            arguments = [self.function.owner(*positional, **keywords)]
        positional, keywords = self._bind(self.plan, session, parameters)
        returned = self.function(*arguments, *positional, **keywords)
        if isinstance(returned, CoroutineType):
            import asyncio

            returned = asyncio.run(returned)
        self._log_returned(session, returned)

    def check(self, expected):
        """Refuse, before the first of many calls, names that the handler does not have or lacks, and values that do not fit. `expected` is
        the ExpectedCall of a `load` command; values are looked at only where that opens and makes nothing."""
        given, varied = expected["parameters"], expected["varied"]
        names = {**given, **varied}
        plans = [plan for plan in (self.constructor, self.plan) if plan is not None]
        if not self.plan.rest:
            for name in names:
                if not any(name in plan.names for plan in plans):
                    self._refuse_unknown(self.plan, name)
        for plan in plans:
            for argument in plan.arguments:
                name = argument.name
                if name == plan.context:
                    continue
                if argument.default is argument.empty and name not in names and name not in expected["inputs"]:
                    self._refuse_missing(plan, names, expected["inputs"])
                if name not in names or not any(self._hint(argument) is kind for kind in (int, float, bool, str)):
                    continue
                text = None if name in varied else expected["parameterTexts"].get(name)
                for value in varied.get(name) or () if name in varied else (given[name],):
                    self._converted(name, value, argument, text)

    def _log_returned(self, session, returned):
        hints = session.spec.get("returns") or (self.settings or {}).get("outputs")
        if returned is None and not hints:
            return
        from .returns import log_returned

        for sentence in log_returned(session.context, returned, hints or None) or ():
            session.context.problem(("return", sentence), sentence)

    def _bind(self, plan, session, parameters):
        """`(positional, keywords)`; defaults that were not given are recorded as parameters."""
        spec = session.spec
        texts = spec.get("parameterTexts") or {}
        inputs = spec.get("inputs") or {}
        positional, keywords, defaults = [], {}, {}
        for argument in plan.arguments:
            name = argument.name
            if name == plan.context:
                value = session.context
            elif name in inputs and name not in parameters:
                value = self._input(session, argument)
            elif name in parameters:
                value = self._converted(name, parameters.pop(name), argument, texts.get(name))
            elif argument.default is not argument.empty:
                defaults[name] = argument.default
                if not argument.positional_only:
                    continue
                value = argument.default
            else:
                self._refuse_missing(plan, {**dict.fromkeys(keywords), **spec.get("parameters", {})}, inputs)
            if argument.positional_only:
                positional.append(value)
            else:
                keywords[name] = value
        if plan.rest:
            keywords.update(parameters)
        elif parameters:
            self._refuse_unknown(plan, next(iter(parameters)))
        if defaults:
            _record_defaults(session, defaults)
        return positional, keywords

    def _converted(self, name, value, argument, text):
        if argument.hint is argument.empty or not self._converts(name) or (type(value) is argument.hint and text is None):
            return value
        from .conversion import Misfit, convert, expected
        from .values import short

        hint = self._hint(argument)
        try:
            return convert(value, hint, text)
        except InputError as error:
            raise Fault("invalid_parameter", "parameter %s: %s" % (short(name), error)) from None
        except Misfit:
            shown = text if text is not None else value
            raise Fault("invalid_parameter", "parameter %s must be %s; got %s" % (short(name), expected(hint), short(shown))) from None

    def _converts(self, name):
        return not self.settings or self.settings["inputs"] is not False

    def _hint(self, argument):
        chosen = (self.settings or {}).get("inputs")
        return chosen.get(argument.name, argument.hint) if isinstance(chosen, dict) else argument.hint

    def _input(self, session, argument):
        item = session.context.get_input(argument.name)
        if argument.hint is argument.empty or not self._converts(argument.name):
            return item
        from .conversion import Misfit, convert, expected

        hint = self._hint(argument)
        try:
            return convert(item, hint)
        except InputError as error:
            raise Fault("invalid_input", str(error)) from None
        except Misfit:
            raise Fault("invalid_parameter", 'input "%s" must be %s; %s is not' % (argument.name, expected(hint), item.url)) from None

    def _refuse_missing(self, plan, given, inputs):
        missing = [each.name for each in plan.arguments if each.default is each.empty and each.name != plan.context]
        missing = [name for name in missing if name not in given and name not in inputs]
        names = ", ".join('"%s"' % name for name in missing)
        word = "parameter" if len(missing) == 1 else "parameters"
        raise Fault("invalid_parameter", "%s needs the %s %s: give %s with -p %s=... or as an input with -i" % (
            self.label, word, names, "it" if len(missing) == 1 else "them", missing[0]))  # fmt: skip

    def _refuse_unknown(self, plan, name):
        known = sorted(name for name in {*plan.names, *(self.constructor.names if self.constructor else ())} if name != plan.context)
        near = nearest(name, known)
        hint = '; did you mean "%s"?' % near if near else ""
        takes = "it takes: %s" % ", ".join(known) if known else "it takes no parameters"
        raise Fault("invalid_parameter", '%s has no parameter "%s"%s (%s)' % (self.label, name, hint, takes))


def _settings(function):
    returns = sys.modules.get("trainyard.returns")
    return returns.settings_of(function) if returns is not None else None


def _record_defaults(session, defaults):
    from .values import plain_value

    known = {}
    for name, value in defaults.items():
        plain, is_plain = plain_value(value)
        if value is not None and is_plain:
            known[name] = plain
    session.context.record_defaults(defaults, known)


class _Argument:
    __slots__ = ("name", "default", "hint", "empty", "positional_only")


class _Plan:
    __slots__ = ("arguments", "names", "context", "rest")


def _plan(inspect, function, skip_first):
    plan = _Plan()
    plan.arguments, plan.names, plan.context, plan.rest = [], [], None, False
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # builtins tell nothing about their arguments
        plan.rest = True
        return plan
    hints = {}
    if any(each.annotation is not each.empty for each in parameters):
        from .conversion import hints_of

        hints = hints_of(function)
    for parameter in parameters[1:] if skip_first else parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            plan.rest = True
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            argument = _Argument()
            argument.name, argument.default, argument.empty = parameter.name, parameter.default, parameter.empty
            argument.hint = hints.get(parameter.name, parameter.empty)
            argument.positional_only = parameter.kind is parameter.POSITIONAL_ONLY
            if _is_context(parameter.name, argument.hint) and plan.context is None:
                plan.context = parameter.name
            plan.arguments.append(argument)
            plan.names.append(parameter.name)
    return plan


def _is_context(name, hint):
    return name == "context" or (getattr(hint, "__name__", "") == "Context" and getattr(hint, "__module__", "").startswith("trainyard"))

