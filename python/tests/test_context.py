import contextlib
import decimal
import fractions
import io
import json
import os
import unittest
from unittest import mock

from run_support import RunTest, of_kind, read_journals

from trainyard.session import Session


class Array:
    """Quacks like a NumPy array or tensor."""

    def __init__(self, *values, kind="f"):
        self.values = values
        self.shape = () if len(values) == 1 else (len(values),)
        self.dtype = type("dtype", (), {"kind": kind})

    def item(self):
        if len(self.values) != 1:
            raise ValueError("only one element tensors can be converted")
        return self.values[0]


class ContextTest(RunTest):
    def setUp(self):
        super().setUp()
        self.session = Session(self.spec("", parameters={"p1": 5}, secrets={"KEY": "hunter2"}), "supervised")
        self.context = self.session.context
        self.said = io.StringIO()
        self.addCleanup(self.session.journal.close)

    @contextlib.contextmanager
    def quiet(self):
        with contextlib.redirect_stderr(self.said):
            yield

    def logged(self, kind):
        return of_kind(read_journals(self.session.run_directory), kind)

    def test_metrics_count_their_steps_and_take_given_ones(self):
        for value in (0.5, 0.25):
            self.context.log_metric("loss", value)
        self.context.log_metric("loss", 0.125, step=10)
        self.context.log_metric("loss", 1)
        self.context.log_metrics({"loss": 2, "accuracy": 0.9})
        self.context.log_metrics({"a": 1, "b": 2}, step=7)
        self.assertEqual(self.logged("metric"), [["loss", 0, 0.5], ["loss", 1, 0.25], ["loss", 10, 0.125], ["loss", 11, 1]])
        self.assertEqual(self.logged("metrics"), [[12, {"loss": 2}], [0, {"accuracy": 0.9}], [7, {"a": 1, "b": 2}]])
        self.assertEqual(self.context.results, {"loss": 2, "accuracy": 0.9, "a": 1, "b": 2})

    def test_steps_that_no_reader_takes_are_a_problem_and_the_next_one_is_taken(self):
        with self.quiet():
            for key, step in (("a", -(10**30)), ("b", 10**30), ("c", 2**53), ("d", -(10**400)), ("e", float("inf")), ("f", -1e300)):
                for given in (None, step, None):
                    self.context.log_metric(key, 0.5, step=given)
            self.context.log_metrics({"g": 0.5}, step=-(2**53))
            for step in (-(2**52), None, 2**52, None, None):
                self.context.log_metric("h", 0.5, step=step)
        for key in "abcdef":
            self.assertEqual([step for logged, step, value in self.logged("metric") if logged == key], [0, 1, 2])
        self.assertEqual(self.logged("metrics"), [[0, {"g": 0.5}]])
        self.assertEqual([step for key, step, value in self.logged("metric") if key == "h"], [-(2**52), 1 - 2**52, 2**52, 2**52 + 1, 2**52 + 2])
        self.assertEqual(len(self.logged("problem")), 7)

    def test_a_metric_has_the_time_it_is_given(self):
        import datetime

        moment = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)
        for given in (moment, moment.timestamp(), moment.timestamp() * 1000):
            self.context.log_metric("loss", 0.5, timestamp=given)
        times = {entry[1] for entry in read_journals(self.session.run_directory)}
        self.assertEqual(times, {int(moment.timestamp() * 1000)})

    def test_a_metric_has_the_time_of_its_call_also_when_the_clock_is_set_back(self):
        moments_ns = [1_700_000_000_000_000_000, 1_700_000_000_000_999_999, 1_700_000_000_001_000_000, 1_600_000_000_000_500_000]
        self.context.log_metric("loss", 0.5)
        with mock.patch("trainyard.metrics._now", iter(moments_ns * 2).__next__):
            for key in ("loss", "accuracy"):
                self.context.log_metric(key, 0.5, step=0, timestamp=1)
                for _ in moments_ns:
                    self.context.log_metric(key, 0.25)
        entries = [entry for entry in read_journals(self.session.run_directory) if entry[2] == "metric" and entry[5] == 0.25]
        self.assertEqual([entry[1] for entry in entries], [moment // 1_000_000 for moment in moments_ns] * 2)

    def test_a_signal_handler_that_raises_in_the_middle_of_a_log_call_stops_no_later_one(self):
        # In a process of its own: raised in the middle of an import, the exception leaves Python's import lock taken for good.
        done = self.run_file(
            """
            import signal, threading, time
            from trainyard import get_or_create_ctx

            class Raised(Exception):
                pass

            def handler(number, frame):
                raise Raised

            context = get_or_create_ctx("interrupted")
            signal.signal(signal.SIGALRM, handler)
            raised = returned = 0
            until = time.monotonic() + 40
            while raised < 300 and time.monotonic() < until:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0003)
                    while True:
                        context.log_metric("loss", float(returned))
                        returned += 1
                except Raised:
                    raised += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            other = threading.Thread(target=context.log_metric, args=("other", 0.5), daemon=True)
            other.start()
            other.join(10)
            context.log_metric("loss", float(returned))
            print(raised, returned)
            """
        )
        self.assertEqual(done.code, 0, done.errors)
        raised, returned = map(int, done.output.split())
        self.assertEqual(raised, 300)
        # Any thread goes on; and "loss" has every number up to the one whose call was the last to be interrupted.
        self.assertEqual([key for key, *_ in done.of("metric")[-2:]], ["other", "loss"])
        values = {value for key, step, value in done.of("metric") if key == "loss"}
        self.assertEqual(values, {float(number) for number in range(returned + 1)})

    def test_every_kind_of_number_is_a_metric(self):
        values = [True, 3, 0.5, float("nan"), float("inf"), float("-inf"), decimal.Decimal("1.5"), fractions.Fraction(1, 4), Array(2.5), 10**400, 2**60]
        for value in values:
            self.context.log_metric("m", value)
        self.assertEqual([entry[2] for entry in self.logged("metric")], [1, 3, 0.5, "NaN", "Infinity", "-Infinity", 1.5, 0.25, 2.5, "Infinity", float(2**60)])

    def test_what_is_no_number_becomes_one_problem_per_key_and_stops_nothing(self):
        with self.quiet():
            for value in ("0.5", None, 1j, [1], Array(1.0, 2.0), object(), Array(1j, kind="c")):
                self.context.log_metric(type(value).__name__, value)
                self.context.log_metric(type(value).__name__, value)
            self.context.log_metric("text", "bad")
            self.context.log_metrics([1, 2])
            self.context.log_metric("step", 1.0, step="last")
        self.assertEqual(len(self.logged("problem")), len(self.said.getvalue().splitlines()))
        self.assertIn('Metric "text" must be a number; got "bad" (str).', self.logged("problem"))
        self.assertEqual(self.logged("metric"), [["step", 0, 1.0]])

    def test_keys_may_be_any_text(self):
        for key in ("a/b", 'q"uo\'te', "é😀", "x" * 10000, "new\nline", "", "\ud800", 7):
            self.context.log_metric(key, 0.5)
            self.context.log_metric(key, 0.5)
        self.assertEqual([entry[0] for entry in self.logged("metric")][::2], ["a/b", 'q"uo\'te', "é😀", "x" * 10000, "new\nline", "", "?", "7"])

    def test_results_are_plain_json_or_a_problem(self):
        with self.quiet():
            self.context.log_result("accuracy", Array(0.5))
            self.context.log_results({"text": "é", "none": None, "list": [1, (2, 3)], "dict": {"a": float("nan")}, "flag": True})
            self.context.log_result("bad", object())
            self.context.log_result("nan", float("nan"))
        self.assertEqual(self.logged("result")[1], {"text": "é", "none": None, "list": [1, [2, 3]], "dict": {"a": "NaN"}, "flag": True})
        self.assertEqual(len(self.logged("problem")), 1)
        self.assertTrue(self.context.results["nan"] != self.context.results["nan"])

    def test_parameters_keep_their_first_value_and_defaults_are_recorded(self):
        self.assertEqual(self.context.get_param("p1", 1), 5)
        self.assertEqual(self.context.get_param("p2", "x"), "x")
        self.assertEqual(self.context.get_param("p2", "y"), "x")
        self.assertIsNone(self.context.get_param("p3"))
        with self.quiet():
            self.context.log_param("p1", 6)
            self.context.log_params({"p1": 5, "depth": 3})
        self.assertEqual(self.logged("param"), [{"p2": "x"}, {"p1": 5}, {"depth": 3}])
        self.assertEqual(len(self.logged("problem")), 1)
        self.assertEqual(self.context.parameters, {"p1": 5, "p2": "x", "p3": None, "depth": 3})

    def test_misspelt_keywords_are_refused_with_the_nearest_right_one(self):
        calls = [
            (lambda: self.context.log_metric("a", 1.0, stp=3), "step"),
            (lambda: self.context.log_metrics({"a": 1}, steps=3), "step"),
            (lambda: self.context.log_artifact("a", body=b"", lokal_path="x"), "local_path"),
            (lambda: self.context.log_dataset("a", [], previw=3), "preview"),
            (lambda: self.context.log_model("a", b"", frame_work="x"), "framework"),
            (lambda: self.context.set_state(eror="x"), "error"),
        ]
        for call, right in calls:
            with self.assertRaisesRegex(TypeError, "did you mean '%s'" % right):
                call()

    def test_labels_secrets_and_identity(self):
        self.context.set_label("framework", "sklearn")
        self.context.set_labels({"n": 1, "on": True})
        self.context.set_label("framework", "other", replace=False)
        self.assertEqual(self.context.labels, {"framework": "sklearn", "n": "1", "on": "true"})
        self.assertEqual(self.context.get_secret("KEY"), "hunter2")
        self.assertIsNone(self.context.get_secret("TRAINYARD_NO_SUCH_KEY"))
        self.assertEqual((self.context.name, self.context.project, self.context.iteration, self.context.state), ("train", "default", 0, "running"))
        self.assertEqual(self.context.artifact_subpath("plots", "roc.html"), self.context.out_path + "/plots/roc.html")
        self.assertEqual(self.context.uid, self.session.run["id"])

    def test_the_logger_writes_one_line_with_fields(self):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            self.context.logger.info("hello %s", "you", a=1, b=Array(0.5), c={1, 2})
            self.context.logger.debug("100%", x=float("nan"))
            self.context.logger.set_logger_level("warning")
            self.context.logger.info("hidden")
            self.context.logger.error("bad")
        lines = output.getvalue().splitlines()
        self.assertRegex(lines[0], r'^> \d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[info\] hello you \{"a": 1, "b": 0.5, "c": \[1, 2\]\}$')
        self.assertRegex(lines[1], r'\[debug\] 100% \{"x": "NaN"\}$')
        self.assertEqual(len(lines), 3)

    def test_artifacts_are_spooled_below_the_run_directory(self):
        entry = self.context.log_artifact("model", body=b"abc is 123", local_path="model.txt", labels={"framework": "xgboost"})
        self.assertEqual(self.logged("artifact"), [entry])
        self.assertEqual((entry["path"], entry["labels"]), ("model.txt", {"framework": "xgboost"}))
        with open(os.path.join(self.session.run_directory, entry["file"]), "rb") as file:
            self.assertEqual(file.read(), b"abc is 123")

    def test_artifacts_that_cannot_be_kept_are_problems(self):
        os.mkfifo(os.path.join(self.folder, "pipe"))
        with self.quiet():
            for path in ("missing.bin", "pipe"):
                self.assertIsNone(self.context.log_artifact(path, local_path=os.path.join(self.folder, path)))
        self.assertEqual(len(self.logged("problem")), 2)
        self.assertEqual(self.logged("artifact"), [])

    def test_children_have_runs_of_their_own_and_one_may_be_best(self):
        for depth in (1, 2):
            with self.context.get_child_context(depth=depth) as child:
                child.log_result("accuracy", depth / 2)
                if depth == 2:
                    child.mark_as_best()
                self.assertEqual((child.iteration, child.get_param("depth")), (depth, depth))
                self.assertNotEqual(child.uid, self.context.uid)
                self.assertEqual(child.out_path, "%s/%d" % (self.context.out_path, depth))
        children = self.logged("child")
        self.assertEqual([child["parameters"] for child in children], [{"depth": 1}, {"depth": 2}])
        self.assertEqual(self.logged("best"), [{"id": children[1]["id"], "iteration": 2}])
        entries = read_journals(os.path.join(os.path.dirname(self.session.run_directory), children[0]["id"]))
        self.assertEqual(entries[0][3]["run"]["parentId"], self.context.uid)
        self.assertEqual(entries[-1][3], {"outcome": "completed"})
        self.assertEqual(of_kind(entries, "result"), [{"accuracy": 0.5}])

    def test_a_child_left_open_ends_with_its_parent_and_a_failed_one_says_why(self):
        left = self.context.get_child_context(a=1)
        with self.assertRaises(ValueError), self.context.get_child_context(a=2):
            raise ValueError("boo")
        self.session.end({"outcome": "completed"})
        self.assertEqual(left.state, "completed")
        failed = read_journals(os.path.join(os.path.dirname(self.session.run_directory), self.logged("child")[1]["id"]))
        self.assertEqual(failed[-1][3]["error"]["message"], "boo")

    def test_logging_after_the_end_is_told_and_not_kept(self):
        self.context.log_metric("loss", 0.5)
        self.session.end({"outcome": "completed"})
        with self.quiet():
            self.context.log_metric("loss", 0.5)
            self.context.log_result("x", 1)
        self.assertEqual(len(self.said.getvalue().splitlines()), 1)
        self.assertEqual(read_journals(self.session.run_directory)[-1][2], "end")
        self.assertEqual(self.context.results, {"loss": 0.5})

    def test_parameters_of_any_size_leave_the_environment_usable(self):
        self.session.spec["parameters"] = {"text": "x" * 500_000}
        self.addCleanup(os.environ.pop, "TRAINYARD_RUN", None)
        self.session.publish()
        self.assertLess(len(os.environ["TRAINYARD_RUN"]), 128_000)
        self.assertNotIn("hunter2", os.environ["TRAINYARD_RUN"])

    def test_secrets_are_in_no_journal(self):
        self.context.get_secret("KEY")
        self.assertNotIn("hunter2", json.dumps(read_journals(self.session.run_directory)))


if __name__ == "__main__":
    unittest.main()
