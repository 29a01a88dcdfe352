"""What the packing tests share: a spool over a temporary folder, and optional libraries with a printed reason when absent."""

import importlib
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from trainyard.spool import Spool  # noqa: E402

_said = set()


def optional(name):
    """The module, or None with the reason on stderr."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if name not in _said:
            _said.add(name)
            print(f"tests that need {name} are skipped: {error}", file=sys.stderr)
        return None


def needs(*names):
    """Skips a test, saying why, when a library is not installed for this Python."""
    missing = [name for name in names if optional(name) is None]
    return unittest.skipIf(missing, "not installed for this Python: " + ", ".join(missing))


class SpoolCase(unittest.TestCase):
    """A test with a run directory, an out path and a working folder of its own."""

    def setUp(self):
        self._temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self._temporary.cleanup)
        self.folder = os.path.realpath(self._temporary.name)
        self.run_directory = os.path.join(self.folder, ".trainyard", "runs", "r1")
        self.out_path = os.path.join(self.folder, ".trainyard", "artifacts", "default", "r1")
        self.work = os.path.join(self.folder, "work")
        for folder in (self.run_directory, self.out_path, self.work):
            os.makedirs(folder)
        before = os.getcwd()
        os.chdir(self.work)
        self.addCleanup(os.chdir, before)
        self.spool = Spool(self.run_directory)
        self.spool.out_path = self.out_path

    def spooled(self, entry):
        return os.path.join(self.run_directory, *entry["file"].split("/"))

    def read(self, entry):
        with open(self.spooled(entry), "rb") as file:
            return file.read()

    def write(self, name, data=b"x"):
        path = os.path.join(self.work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def spool_is_empty(self):
        return not any(names for _, _, names in os.walk(os.path.join(self.run_directory, "files")))
