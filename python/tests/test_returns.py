import glob
import inspect
import json
import os
import pathlib
import unittest

from packing_support import SpoolCase, needs, optional

from trainyard.artifacts import ChartArtifact
from trainyard.returns import handler, log_returned, parse_hint, settings_of
from trainyard.session import Session


class ReturnsCase(SpoolCase):
    def setUp(self):
        super().setUp()
        run = {"id": "r1", "name": "n", "project": "default", "experiment": "", "iteration": 0, "attempt": 1, "labels": {}}
        spec = {"run": run, "script": "", "arguments": [], "parameters": {}, "inputs": {}, "secrets": {}}
        self.session = Session({**spec, "outPath": self.out_path, "runDirectory": self.run_directory}, "supervised")
        self.addCleanup(self.session.end, {"outcome": "completed"})

    def log(self, value, hints=None):
        """What the journal holds afterwards: ``(results, artifacts by key, problems)``."""
        problems = log_returned(self.session.context, value, hints)
        self.session.journal.flush() if hasattr(self.session.journal, "flush") else None
        results, artifacts = {}, {}
        for path in glob.glob(os.path.join(self.run_directory, "journal-*.jsonl")):
            with open(path, "rb") as file:
                lines = file.read().split(b"\0")[0].splitlines()
            for line in lines:
                _, _, kind, *rest = json.loads(line)
                if kind == "result":
                    results.update(rest[0])
                elif kind == "artifact":
                    artifacts[rest[0]["key"]] = rest[0]
        return results, artifacts, problems


class HintsTest(unittest.TestCase):
    def test_hints_are_text_or_dicts(self):
        self.assertEqual(parse_hint("accuracy"), ("accuracy", None, {}))
        self.assertEqual(parse_hint(" model : model "), ("model", "model", {}))
        self.assertEqual(parse_hint({"key": "d", "artifact_type": "dataset", "tag": "x"}), ("d", "dataset", {"tag": "x"}))
        self.assertEqual(parse_hint("folder:dir")[1], "directory")

    def test_wrong_hints_are_one_sentence(self):
        for hint, words in (("", "no name"), (":model", "no name"), ("x:modle", "'model'"), (5, "text like"), ({"artifact_type": "model"}, "'key'")):
            with self.assertRaisesRegex(ValueError, words):
                parse_hint(hint)

    def test_a_wrong_hint_is_refused_where_it_is_written(self):
        with self.assertRaisesRegex(ValueError, "'dataset'"):
            handler(outputs=["d:datset"])


class DecoratorTest(unittest.TestCase):
    def test_it_works_with_and_without_parentheses_and_keeps_the_function(self):
        @handler
        def bare(a, b=2):
            """Adds."""
            return a + b

        @handler(outputs=["total:result"], labels={"team": "x"}, inputs={"a": int})
        def full(a: str, b=2):
            return a + b

        self.assertEqual((bare(1), bare.__name__, bare.__doc__), (3, "bare", "Adds."))
        self.assertEqual(settings_of(bare), {"outputs": [], "inputs": True, "labels": {}})
        self.assertEqual(settings_of(full), {"outputs": ["total:result"], "inputs": {"a": int}, "labels": {"team": "x"}})
        self.assertEqual(list(inspect.signature(full).parameters), ["a", "b"])
        self.assertEqual(settings_of(len), {"outputs": [], "inputs": True, "labels": {}})

    def test_wrong_use_is_refused(self):
        with self.assertRaises(TypeError):
            handler(["model"])
        with self.assertRaises(TypeError):
            handler(output=["model"])


class LogReturnedTest(ReturnsCase):
    def test_one_value_per_hint(self):
        results, artifacts, problems = self.log((0.9, [{"a": 1}], b"weights", "text"), ["accuracy", "d:dataset", "m:model", "note"])
        self.assertEqual(problems, [])
        self.assertEqual(results, {"accuracy": 0.9, "note": "text"})
        self.assertEqual({key: entry["kind"] for key, entry in artifacts.items()}, {"d": "dataset", "m": "model"})

    def test_one_hint_takes_the_whole_value(self):
        self.assertEqual(self.log([1, 2], ["pair"])[0], {"pair": [1, 2]})

    def test_a_dict_with_every_named_key_is_taken_apart(self):
        self.assertEqual(self.log({"a": 1, "b": 2, "c": 3}, ["a", "b"])[0], {"a": 1, "b": 2})

    def test_another_number_of_values_logs_what_fits_and_says_so(self):
        results, _, problems = self.log((1, 2, 3), ["a", "b"])
        self.assertEqual((results, len(problems)), ({"a": 1, "b": 2}, 1))
        self.assertIn("3 values where 2", problems[0])
        self.assertIn("1 value where 2", self.log(5, ["a", "b"])[2][0])

    def test_none_is_not_logged(self):
        self.assertEqual(self.log((None, 1), ["a", "b"])[0], {"b": 1})

    def test_kinds_by_type(self):
        self.write("page.html", b"<b>")
        self.write("folder/x", b"1")
        values = (pathlib.Path("page.html"), pathlib.Path("folder"), b"raw", {"big": "x" * 20_000}, {1, 2}, ChartArtifact("z", ["x"], [[1]]), {"small": 1})
        results, artifacts, problems = self.log(values, ["page", "folder", "raw", "big", "set", "chart", "small"])
        self.assertEqual(problems, [])
        self.assertEqual(
            {key: entry["kind"] for key, entry in artifacts.items()},
            {"page": "html", "folder": "directory", "raw": "file", "big": "object", "set": "object", "chart": "chart"},
        )
        self.assertEqual(artifacts["set"]["metadata"]["encoding"], "pickle")
        self.assertEqual(results, {"small": {"small": 1}})

    def test_kinds_by_name(self):
        self.write("weights.bin", b"1")
        hints = ["m:model", "f:file", "h:html", "t:table", "c:chart", {"key": "j", "artifact_type": "json", "labels": {"a": "b"}}, "o:object"]
        values = ("weights.bin", "weights.bin", "<p>", [{"a": 1}], [["x", "y"], [1, 2]], {"a": 1}, [1])
        _, artifacts, problems = self.log(values, hints)
        self.assertEqual(problems, [])
        kinds = {"m": "model", "f": "file", "h": "html", "t": "table", "c": "chart", "j": "object", "o": "object"}
        self.assertEqual({key: entry["kind"] for key, entry in artifacts.items()}, kinds)
        self.assertEqual((artifacts["j"]["path"], artifacts["j"]["labels"]), ("j.json", {"a": "b"}))

    def test_what_does_not_fit_its_kind_is_one_sentence_and_the_rest_is_logged(self):
        results, _, problems = self.log((object(), {1}, 5, 1), ["a:result", "b:json", "c:directory", "d"])
        self.assertEqual((results, len(problems)), ({"d": 1}, 3))

    def test_without_hints_named_numbers_become_results(self):
        self.assertEqual(self.log({"accuracy": 0.9, "note": "x"})[0], {"accuracy": 0.9, "note": "x"})

    def test_without_hints_another_value_is_called_return(self):
        self.assertEqual(self.log(5)[0], {"return": 5})
        self.assertEqual(self.log(None)[2], [])
        self.assertNotIn("return", self.log(object())[1])

    def test_what_a_log_call_gave_back_is_not_logged_again(self):
        entry = self.session.context.log_artifact("notes", body="x")
        self.assertEqual(self.log(entry)[0], {})

    @needs("numpy", "pandas")
    def test_values_of_libraries(self):
        numpy, pandas = optional("numpy"), optional("pandas")
        values = (numpy.float32(0.5), numpy.zeros((2, 2)), pandas.DataFrame({"a": [1]}), numpy.array([1, 2]), pandas.Series([1]))
        results, artifacts, problems = self.log(values, ["a", "b", "c", "d", "e"])
        self.assertEqual(problems, [])
        self.assertEqual({key: entry["kind"] for key, entry in artifacts.items()}, {"b": "dataset", "c": "dataset", "d": "dataset", "e": "dataset"})
        self.assertEqual(results["a"], 0.5)
        self.assertEqual(self.log(pandas.DataFrame({"a": [1]}))[1]["return"]["kind"], "dataset")


if __name__ == "__main__":
    unittest.main()
