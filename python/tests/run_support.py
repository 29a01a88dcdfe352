"""Real harness and warm processes for the tests, and a reader of journals that follows the reader's rules."""

import contextlib
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if PACKAGE_FOLDER not in sys.path:
    sys.path.insert(0, PACKAGE_FOLDER)

from trainyard.ids import new_run_id  # noqa: E402  (the path is set up above)


def read_journal(path):
    """Entries of one file: whole lines up to the first NUL byte, numbers that go back ignored."""
    with open(path, "rb") as file:
        data = file.read().partition(b"\0")[0]
    entries, last = [], 0
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        entry = json.loads(line)
        if entry[0] > last:
            last = entry[0]
            entries.append(entry)
    return entries


def read_journals(run_directory):
    """Entries of every journal of a run, file after file."""
    return [entry for path in sorted(glob.glob(os.path.join(run_directory, "journal-*.jsonl"))) for entry in read_journal(path)]


def of_kind(entries, kind):
    """What follows the type in the entries of one type."""
    return [entry[3] if len(entry) == 4 else entry[3:] for entry in entries if entry[2] == kind]


class Finished:
    def __init__(self, process, output, errors, spec):
        self.code = process.returncode
        self.output = output
        self.errors = errors
        self.spec = spec
        self.entries = read_journals(spec["runDirectory"])

    def of(self, kind):
        return of_kind(self.entries, kind)

    @property
    def end(self):
        ends = self.of("end")
        return ends[-1] if ends else None


class RunTest(unittest.TestCase):
    """A scratch folder, user files in it, and runs of them."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="trainyard-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def spec(self, script, handler=None, **more):
        run_id = new_run_id()
        run_directory = os.path.join(self.folder, "runs", run_id)
        os.makedirs(run_directory)
        run = {"id": run_id, "name": "train", "project": "default", "experiment": "train", "iteration": 0, "attempt": 1, "labels": {}}
        spec = {
            "run": run,
            "script": script,
            "arguments": [],
            "parameters": {},
            "inputs": {},
            "secrets": {},
            "outPath": os.path.join(self.folder, "artifacts", "default", run_id),
            "runDirectory": run_directory,
        }
        if handler:
            spec["handler"] = handler
        spec.update(more)
        return spec

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRAINYARD_")}
        return {**kept, "PYTHONPATH": PACKAGE_FOLDER, "PYTHONDONTWRITEBYTECODE": "1", **more}

    @contextlib.contextmanager
    def harness(self, spec, **environment):
        reading, writing = os.pipe()
        os.write(writing, json.dumps(spec).encode() + b"\n")
        os.close(writing)
        process = subprocess.Popen(
            [sys.executable, "-m", "trainyard.harness"],
            pass_fds=[reading],
            cwd=self.folder,
            env=self.environment(TRAINYARD_CONTROL_FD=str(reading), **environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(reading)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def run_spec(self, spec, **environment):
        with self.harness(spec, **environment) as process:
            output, errors = process.communicate(timeout=60)
            return Finished(process, output, errors, spec)

    def run_file(self, text, handler=None, **more):
        return self.run_spec(self.spec(self.write("training.py", text), handler, **more))

    def python(self, text, *arguments, **environment):
        """Run a file with plain Python, no harness."""
        script = self.write("plain.py", text)
        return subprocess.run(
            [sys.executable, script, *arguments],
            cwd=self.folder,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
