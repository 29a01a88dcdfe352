"""``run_local`` with the real command."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import unittest

from packing_support import SpoolCase

from trainyard.task import NewTask, RunFailed, TrainyardError, get_run_db, run_local

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "packages", "platform", "bin", "trainyard.js")
_found = [path for path in (os.path.join(ROOT, "node_modules", ".bin", "node"), shutil.which("node")) if path and os.access(path, os.X_OK)]

JOBS = '''
def train(context, p1=1):
    print("training with", p1)
    context.log_result("accuracy", p1 * 2)
    context.log_artifact("model", body=b"abc is 123", local_path="model.txt")
    context.log_dataset("rows", [{"a": 1}, {"a": 2}])


def secret(context):
    context.log_result("known", context.get_secret("KEY") == "hunter2")


def fail(context):
    raise ValueError("bad eta")
'''


def why_not():
    if not _found:
        return "Node.js is not here"
    done = subprocess.run([_found[0], PROGRAM, "--version"], capture_output=True, text=True)
    return None if done.returncode == 0 else f"{PROGRAM} does not start: {done.stderr.strip()[:200]}"


class RealCommandTest(SpoolCase):
    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            print(f"tests with the real command are skipped: {reason}", file=sys.stderr)
            raise unittest.SkipTest(reason)

    def setUp(self):
        super().setUp()
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ["TRAINYARD_CLI"] = json.dumps([_found[0], PROGRAM])
        os.environ["TRAINYARD_HOME"] = self.data = os.path.join(self.folder, "home")
        with open("jobs.py", "w") as file:
            file.write(JOBS)
        sys.path.insert(0, self.work)
        self.addCleanup(sys.path.remove, self.work)
        self.addCleanup(sys.modules.pop, "jobs", None)
        import jobs

        self.jobs = jobs

    def test_a_function_of_a_file(self):
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            run = run_local(handler=self.jobs.train, params={"p1": 4}, name="demo", labels={"a": "b"})
        self.assertIn("training with 4\n", shown.getvalue())
        self.assertEqual((run.state, run.name, run.labels, run.output("accuracy")), ("completed", "demo", {"a": "b"}, 8))
        self.assertEqual(run.artifact("model").get(), b"abc is 123")
        self.assertTrue(run.output("rows").endswith("rows.csv"))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run.logs()
            get_run_db(self.data).list_runs("dem").show()
        self.assertTrue(printed.getvalue().startswith("training with 4\n"))
        self.assertIn("demo", printed.getvalue()[20:])
        self.assertEqual(get_run_db(self.data).read_run(run.uid).results["accuracy"], 8)

    def test_a_sweep_over_a_function_of_another_function(self):
        factor = 3

        def job(context, p1):
            context.log_result("score", p1 * factor)

        from trainyard import warm

        trouble = warm.fork_trouble(own_process=True)
        if trouble:
            self.skipTest(trouble)
        run = run_local(NewTask(handler=job).with_hyper_params({"p1": [1, 3, 2]}, "max.score"), watch=False)
        self.assertEqual((run.state, run.output("score")), ("completed", 9))
        self.assertEqual([iteration.results["score"] for iteration in run.iterations], [3, 9, 6])

    def test_failures_are_told(self):
        with self.assertRaisesRegex(RunFailed, "ValueError: bad eta"):
            run_local(handler=self.jobs.fail, watch=False)
        with self.assertRaisesRegex(TrainyardError, "nothere.py"):
            run_local(command="nothere.py", watch=False)
        with self.assertRaisesRegex(TrainyardError, "it has: train"):
            run_local(command="jobs.py", handler="trian", watch=False)

    def test_secrets_reach_the_function_and_nothing_else(self):
        run = run_local(handler=self.jobs.secret, secrets={"KEY": "hunter2-not-this-one"}, watch=False)
        self.assertEqual(run.output("known"), False)
        for folder, _, names in os.walk(self.data):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(b"hunter2-not-this-one", file.read(), name)

    def test_detached(self):
        run = run_local(command="jobs.py", handler="train", detach=True)
        self.assertEqual(run.wait(timeout=60).output("accuracy"), 2)


if __name__ == "__main__":
    unittest.main()
