"""Functions with the real command."""

import os
import sys
import unittest

from packing_support import SpoolCase
from test_run_local import PROGRAM, _found, why_not

from trainyard import code_to_function, import_function, new_function
from trainyard.task import RunFailed, TrainyardError

CODE = '''
"""Trains."""

def train(context, rate=0.5):
    """Fits.
    :param rate: how fast
    """
    context.log_result("score", rate * 2)

def fail(context):
    raise ValueError("no")
'''


@unittest.skipIf(why_not(), why_not())
class FunctionTest(SpoolCase):
    def setUp(self):
        super().setUp()
        os.environ["TRAINYARD_CLI"] = f'["{_found[0]}", "{PROGRAM}"]'
        self.addCleanup(os.environ.pop, "TRAINYARD_CLI", None)
        self.data = os.path.join(self.folder, "data")
        self.file = os.path.join(self.folder, "train.py")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(CODE)

    def test_code_becomes_a_function_that_runs_and_tells_its_version(self):
        function = code_to_function("f", filename=self.file, handler="train", params={"rate": 2}, data=self.data).with_limits(cpu=2)
        self.assertEqual(list(function.entry_points), ["train", "fail"])
        self.assertEqual(function.entry_points["train"]["parameters"][1]["doc"], "how fast")
        run = function.run(watch=False)
        self.assertEqual(run.results["score"], 4)
        self.assertEqual(run.labels["function"], function.uri)
        self.assertEqual(function.run(params={"rate": 3}, watch=False).results["score"], 6)
        with self.assertRaises(RunFailed):
            function.run(handler="fail", watch=False)
        sweep = function.run(hyper_params={"rate": [1, 2]}, selector="max.score", watch=False)
        self.assertEqual(sweep.status["state"], "completed")

    def test_a_change_is_another_version_and_a_file_brings_it_back(self):
        function = new_function("g", code=CODE, handler="train", data=self.data)
        first = function.save()
        self.assertEqual(function.save(), first)
        self.assertNotEqual(function.set_env("A", 1).with_requirements(["six"]).save(tag="v2"), first)
        path = os.path.join(self.folder, "out", "function.yaml")
        function.export(path)
        again = import_function(path, data=self.data)
        self.assertEqual(again.spec["requirements"], ["six"])
        self.assertEqual(again.spec["environment"], {"A": "1"})
        self.assertEqual(import_function("db://default/g:v2", data=self.data).spec["code"], CODE)

    def test_mistakes_are_told_in_a_sentence(self):
        with self.assertRaisesRegex(TrainyardError, "has no code"):
            new_function("h", data=self.data).save()
        with self.assertRaisesRegex(TypeError, "handlr"):
            new_function("h", handlr="x")
        with self.assertRaisesRegex(TrainyardError, "has no handler 'nothing'"):
            code_to_function("h", filename=self.file, handler="nothing", data=self.data)
        with self.assertRaisesRegex(TrainyardError, "There is no function none"):
            import_function("db://default/none", data=self.data)


if __name__ == "__main__":
    sys.exit(unittest.main())
