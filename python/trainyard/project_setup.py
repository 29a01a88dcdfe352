"""Runs `setup(project)` of a project's `project_setup.py`: `python -m trainyard.project_setup <folder>`, the project on standard input.

What the code prints goes to standard error; the last line of standard output is the project as the code left it.
"""

import importlib.util
import json
import os
import sys

_specFields = (
    "description", "owner", "goals", "params", "functions", "workflows", "artifacts", "artifact_path", "source", "subpath", "origin_url",
    "desired_state", "load_source_on_run", "default_requirements", "workdir", "default_image", "build", "conda", "context",
)  # fmt: skip


class _Part:
    """Fields of a document as attributes."""

    def __init__(self, fields):
        self.__dict__.update(fields)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return {"functions": [], "workflows": [], "artifacts": [], "params": {}, "labels": {}, "annotations": {}}.get(name)


class Project:
    """What `setup` is handed: the part of MLRun's project that describes itself. It starts nothing."""

    def __init__(self, name, metadata, spec, secrets):
        self.metadata = _Part({**metadata, "name": name})
        self.spec = _Part(spec)
        self._given = secrets
        self._secrets = {}

    @property
    def name(self):
        return self.metadata.name

    @property
    def params(self):
        if self.spec.params is None or "params" not in vars(self.spec):
            self.spec.params = {}
        return self.spec.params

    def __getattr__(self, name):
        if name in _specFields:
            return getattr(self.spec, name)
        raise AttributeError(
            "project.%s is not there while a project is loaded: project_setup.py may describe the project (set_function, set_workflow,"
            " set_artifact, set_source, set_secrets, spec, params); run things afterwards" % name
        )

    def __setattr__(self, name, value):
        if name in _specFields:
            setattr(self.spec, name, value)
        else:
            super().__setattr__(name, value)

    def get_param(self, key, default=None):
        return self.params.get(key, default)

    def get_secret(self, key):
        return self._secrets.get(key, self._given.get(key, os.environ.get(key)))

    def set_secrets(self, secrets=None, file_path=None, provider=None):
        """Secrets of the project, kept encrypted."""
        found = dict(secrets or {})
        if file_path:
            with open(file_path, encoding="utf-8") as file:
                for line in file:
                    key, sign, value = line.strip().partition("=")
                    if sign and not key.startswith("#"):
                        found[key.strip()] = value.strip()
        self._secrets.update({str(key): str(value) for key, value in found.items()})

    def set_default_image(self, default_image):
        self.spec.default_image = default_image

    def set_source(self, source="", pull_at_runtime=None, workdir=None):
        self.spec.source = source
        if pull_at_runtime is not None:
            self.spec.load_source_on_run = bool(pull_at_runtime)
        if workdir is not None:
            self.spec.workdir = workdir

    def set_function(self, func=None, name="", kind="job", image=None, handler=None, with_repo=None, tag=None, requirements=None, **_others):
        """A function by the place of its code; it is made when the project is loaded."""
        if not isinstance(func, str):
            raise TypeError("set_function takes the place of the code (a file, function.yaml, hub://, db://), not %s" % type(func).__name__)
        entry = {"url": func, "name": name or os.path.splitext(os.path.basename(func))[0], "kind": kind, "image": image, "handler": handler,
                 "with_repo": with_repo, "tag": tag, "requirements": requirements}  # fmt: skip
        if func.endswith((".yaml", ".yml")) or func.startswith(("hub://", "db://")):
            entry.pop("kind")
        self._put("functions", "name", {key: value for key, value in entry.items() if value is not None})

    def set_workflow(self, name, workflow_path, embed=False, engine=None, handler=None, schedule=None, **args):
        entry = {"name": name, "path": workflow_path, "engine": engine, "handler": handler, "schedule": schedule, "args": args or None}
        self._put("workflows", "name", {key: value for key, value in entry.items() if value is not None})

    def set_artifact(self, key, artifact=None, target_path=None, tag=None):
        place = target_path or artifact
        if not isinstance(place, str):
            raise TypeError("set_artifact takes the place of the artifact: target_path=...")
        if place.endswith((".yaml", ".yml", ".json", ".zip")):
            entry = {"key": key, "import_from": place}
        else:
            entry = {"metadata": {"key": key}, "spec": {"target_path" if "://" in place or os.path.isabs(place) else "src_path": place}}
        self._put("artifacts", "key", entry)

    def _put(self, field, by, entry):
        def called(each):
            return each.get(by, each.get("metadata", {}).get(by))

        listed = [each for each in (getattr(self.spec, field) or []) if called(each) != called(entry)]
        setattr(self.spec, field, [*listed, entry])

    def save(self, *_args, **_options):
        """The project is kept when `setup` has ended."""

    register_artifacts = sync_functions = save

    def told(self):
        metadata = {key: value for key, value in vars(self.metadata).items() if key != "name"}
        return {"metadata": metadata, "spec": vars(self.spec), "secrets": self._secrets}


def main(folder):
    given = json.load(sys.stdin)
    project = Project(given["name"], given["metadata"], given["spec"], given["secrets"])
    answer, sys.stdout = sys.stdout, sys.stderr
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location("project_setup", os.path.join(folder, "project_setup.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "setup", None)):
        raise TypeError("project_setup.py has no function setup(project)")
    made = module.setup(project)
    told = (made if isinstance(made, Project) else project).told()
    answer.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
