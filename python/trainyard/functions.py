"""Functions: code with everything about how it runs, kept in versions.

``new_function`` makes one from what is given, ``code_to_function`` from a file or notebook, ``import_function`` takes one in from a
``function.yaml``, an address or the records. What a function is, is in ``fn.spec``, a plain dict with the fields of ``docs/functions.md``;
the methods change it and return the function. Nothing is kept before ``save``, ``run`` or ``build``.
"""

import json
import os
import sys

from . import command_line
from .names import refuse_keywords
from .plain import plain
from .task import Task

#: Python's names of fields, and what the record calls them.
_FIELDS = {
    "kind": "kind", "image": "image", "handler": "handler", "command": "command", "args": "arguments", "mode": None, "source": "source",
    "requirements": "requirements", "commands": "commands", "base_image": "baseImage", "description": "description",
    "categories": "categories", "labels": "labels", "env": "environment", "params": "parameters", "workdir": "workingDirectory",
    "pythonpath": "pythonPath", "replicas": "replicas", "min_replicas": "minReplicas", "max_replicas": "maxReplicas",
    "priority_class": "priority", "preemption_mode": "preemption", "timeouts": "timeouts", "code": "code",
}  # fmt: skip


def new_function(name="", project="", tag="", kind="job", *, data=None, **fields):
    """A function from what is given: ``command``, ``source``, ``image``, ``handler``, ``requirements``, ``env``, ``params`` and the like."""
    return Function(name, project, tag, _spec_of("new_function", {"kind": kind, **fields}), data=data)


def code_to_function(name="", project="", tag="", filename="", handler="", kind="job", *, ignored_tags=None, data=None, **fields):
    """A function from the code of a file, ``file.py:handler`` or notebook. Handlers, parameters and docs are read from the code.

    ``filename`` is that of the calling script unless given. ``ignored_tags`` leaves out cells of a notebook with one of these tags.
    """
    path = os.fspath(filename) if filename else _calling_file()
    given = _spec_of("code_to_function", {"kind": kind, **({"handler": handler} if handler else {}), **fields})
    arguments = ["function", "new", path, "--dry-run", "--spec", "-"]
    for ignored in (ignored_tags.split(";") if isinstance(ignored_tags, str) else ignored_tags or []):
        arguments += ["--ignore-tag", ignored]
    made = _asked(arguments, {**given, **({"name": name} if name else {})}, project=project, data=data)
    return Function(made["name"], project, tag, made["spec"], data=data)


def import_function(url="", project="", new_name="", *, data=None):
    """A function from a ``function.yaml`` (a path or an address), or ``db://project/name:tag``."""
    if url.startswith("db://"):
        made = _asked(["function", "show", url], None, project=project, data=data)
    else:
        made = _asked(["function", "import", url, "--dry-run", *(["--name", new_name] if new_name else [])], None, project=project, data=data)
    return Function(new_name or made["name"], project or made["project"], "", made["spec"], data=data)


class Function:
    """One function. ``hash`` and ``uri`` are known once it is saved."""

    def __init__(self, name, project="", tag="", spec=None, *, data=None):
        self.name = name
        self.project = project
        self.tag = tag
        self.spec = dict(spec or {})
        self.hash = None
        self.uri = None
        self._data = data

    def __repr__(self):
        return f"<Function {self.project or 'default'}/{self.name}{'@' + self.hash[:8] if self.hash else ''}>"

    @property
    def entry_points(self):
        """Handlers by name, with their parameters, types, defaults and docs."""
        return self.spec.get("entryPoints", {})

    def with_code(self, from_file="", body=None):
        """Other code: of a file, or as text."""
        if body is None:
            with open(from_file, encoding="utf-8") as file:
                body = file.read()
        self.spec.update(code=body, codeFile=os.path.basename(from_file or self.spec.get("codeFile", f"{self.name}.py")))
        self.spec.pop("entryPoints", None)
        return self

    def with_requirements(self, requirements, overwrite=False):
        """More packages; with ``overwrite`` these alone."""
        return self._more("requirements", requirements, overwrite)

    def with_commands(self, commands, overwrite=False):
        """More shell commands of the build."""
        return self._more("commands", commands, overwrite)

    def with_source_archive(self, source, workdir=None, handler=None, pull_at_runtime=None):
        """Its code is a folder, an archive or a Git address."""
        self.spec["source"] = os.fspath(source)
        for key, value in (("workingDirectory", workdir), ("handler", handler), ("loadSourceOnRun", pull_at_runtime)):
            if value is not None:
                self.spec[key] = value
        return self

    def with_requests(self, mem=None, cpu=None):
        return self._amounts("requests", memory=mem, cpu=cpu)

    def with_limits(self, mem=None, cpu=None, gpus=None):
        return self._amounts("limits", memory=mem, cpu=cpu, gpu=gpus)

    def with_node_selection(self, node_name=None, node_selector=None, affinity=None, tolerations=None):
        given = {"nodeName": node_name, "nodeSelector": node_selector, "affinity": affinity, "tolerations": tolerations}
        self.spec.update({key: plain(value) for key, value in given.items() if value is not None})
        return self

    def with_priority_class(self, name):
        self.spec["priority"] = name
        return self

    def with_preemption_mode(self, mode):
        self.spec["preemption"] = mode
        return self

    def with_retries(self, count, backoff=None):
        """Repeats after a failure; ``backoff`` is the first pause in seconds."""
        self.spec["retries"] = {"count": count, **({} if backoff is None else {"backoffMs": backoff * 1000})}
        return self

    def set_env(self, name, value):
        self.spec.setdefault("environment", {})[name] = str(value)
        return self

    def set_env_from_secret(self, name, secret, key=None):
        """Its value is a secret of the project."""
        self.spec.setdefault("environment", {})[name] = {"secret": secret, **({} if key is None else {"key": key})}
        return self

    def set_label(self, key, value):
        self.spec.setdefault("labels", {})[key] = str(value)
        return self

    def apply(self, change):
        """Gives the function to ``change``; goes on with what that returns, or with itself."""
        return change(self) or self

    def save(self, tag="", versioned=True):
        """Keep it; the address of what is kept. Another version where anything has changed."""
        tags = [name for name in (tag or self.tag,) if name and name != "latest"]
        arguments = ["function", "new", "--spec", "-", *([] if versioned else ["--no-versioned"])]
        for name in tags:
            arguments += ["--tag", name]
        kept = _asked(arguments, self._named(), project=self.project, data=self._data)
        self.hash, self.uri, self.project = kept["hash"], kept["reference"], kept["project"]
        self.spec = kept["spec"]
        return self.uri

    def export(self, target="function.yaml"):
        """Write it as ``function.yaml``, or as JSON by the ending; the function itself."""
        _asked(["function", "new", "--spec", "-", "--export", os.path.abspath(target)], self._named(), project=self.project, data=self._data)
        return self

    def run(self, task=None, handler=None, *, local=True, watch=True, raise_on_failure=True, workdir=None, **fields):
        """Keep it as it is and run it; returns the ``Run`` after its end. The run tells the version.

        ``task`` and the other arguments are those of ``run_local``. A Python function as ``handler`` runs as ``run_local`` runs it.
        With ``local=False`` a server runs it.
        """
        from .launch import run_local

        if callable(handler) or callable(task):
            return run_local(task, handler=handler, workdir=workdir, watch=watch, raise_on_failure=raise_on_failure, data=self._data, **fields)
        hyper_params = fields.pop("hyper_params", None)
        asked = Task(base=task, handler=handler, **fields)
        if hyper_params is not None:
            asked.with_hyper_params(hyper_params)
        uri = self.save()
        python = ["--python", sys.executable] if sys.executable else []
        arguments = ["run", uri, "--task", "-", *python, *([] if local else ["--on", "server"]), "--json"]
        result = command_line.call(
            arguments, stdin=json.dumps(asked.to_dict()).encode("utf-8"), data=self._data, directory=workdir, show=_stream() if watch else None
        )
        return _finished(result, self._data, workdir, raise_on_failure)

    def build(self, image=None, push=False, *, secrets=None, force=False, watch=True):
        """Build what it needs: an image where containers are, else its environment. What was built, as a dict."""
        uri = self.save()
        arguments = ["function", "build", uri, *(["--image", image] if image else []), *(["--push"] if push else []), *(["--force"] if force else [])]
        for name in secrets or []:
            arguments += ["--with-secret", f"env={name}"]
        result = command_line.checked(command_line.call([*arguments, "--json"], data=self._data, show=_stream() if watch else None))
        return command_line.last_object(result)

    deploy = build

    def doc(self):
        """Print the handlers with their parameters."""
        print(f"function: {self.name}\n{self.spec.get('description', '')}".rstrip())
        for name, point in self.entry_points.items():
            print(f"  {name}: {point.get('doc', '')}")
            for parameter in point.get("parameters", []):
                default = f" = {parameter['default']!r}" if "default" in parameter else ""
                print(f"    {parameter['name']}  {parameter.get('type', '')}{default}  {parameter.get('doc', '')}".rstrip())

    def _named(self):
        return {**self.spec, **({"name": self.name} if self.name else {})}

    def _more(self, key, values, overwrite):
        added = [values] if isinstance(values, str) else list(values)
        before = [] if overwrite else self.spec.get(key, [])
        self.spec[key] = [*before, *(value for value in added if value not in before)]
        return self

    def _amounts(self, key, **amounts):
        resources = self.spec.setdefault("resources", {})
        resources.setdefault(key, {}).update({name: value for name, value in amounts.items() if value is not None})
        return self


def _spec_of(caller, fields):
    unknown = {name: value for name, value in fields.items() if name not in _FIELDS}
    if unknown:
        refuse_keywords(caller, unknown, tuple(_FIELDS))
    spec = {_FIELDS[name]: plain(value) for name, value in fields.items() if _FIELDS[name] and value is not None}
    if isinstance(spec.get("requirements"), str):
        spec["requirements"] = [f"-r {os.path.abspath(spec['requirements'])}"]
    return spec


def _asked(arguments, spec, *, project, data):
    words = [*arguments, *(["--project", project] if project else []), "--json"]
    stdin = None if spec is None else json.dumps(spec).encode("utf-8")
    return command_line.last_object(command_line.checked(command_line.call(words, stdin=stdin, data=data)))


def _finished(result, data, workdir, raise_on_failure):
    from .runs import Run, RunFailed

    record = command_line.last_object(result[1])
    if not isinstance(record, dict) or "id" not in record:
        command_line.checked(result, good=())
    run = Run(record, data, workdir)
    if raise_on_failure and run.status.get("state") != "completed":
        raise RunFailed(run)
    return run


def _stream():
    return sys.stdout if "ipykernel" in sys.modules else sys.stderr


def _calling_file():
    frame = sys._getframe(2)
    path = frame.f_code.co_filename
    if not os.path.isfile(path):
        raise ValueError("code_to_function needs the file of the code here: filename='training.py' or filename='notebook.ipynb'")
    return os.path.abspath(path)
