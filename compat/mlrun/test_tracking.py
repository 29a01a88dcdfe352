"""The official MLRun client against a running server: MLRUN_DBPATH says where. Standard library's unittest only."""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

import mlrun
import pandas
from mlrun.errors import MLRunBadRequestError, MLRunNotFoundError


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class Importing(unittest.TestCase):
    def test_the_server_tells_its_version_and_where_artifacts_go(self):
        self.assertTrue(mlrun.get_run_db().server_version)
        self.assertIn("{{project}}", mlrun.mlconf.artifact_path)
        self.assertEqual(mlrun.mlconf.namespace, "mlrun")


def script(text, *arguments, expect=0):
    """Runs a script as its user would: a process of its own, with nothing but the server's address. Its last line, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "script.py")
        with open(path, "w") as file:
            file.write(text)
        done = subprocess.run([sys.executable, "-W", "ignore", path, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != expect:
        raise AssertionError(f"ended with {done.returncode}: {done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1]) if expect == 0 else done.stderr


PLAIN = """
import json, math, sys
import mlrun, pandas
context = mlrun.get_or_create_ctx("myrun", project=sys.argv[1], upload_artifacts=True)
p1, p2 = context.get_param("p1", 5), context.get_param("p2", "a string")
context.log_result("accuracy", 0.75)
context.log_results({"loss": 0.25, "note": "fine", "curve": [1, 2, 3]})
context.set_label("team", "blue")
context.log_artifact("txt", body=b"hello", format="txt", labels={"colour": "red"})
context.log_dataset("ds", df=pandas.DataFrame({"x": [1, 2, 3], "y": [0.5, 0.25, math.nan]}), format="csv")
context.log_model("model", body=b"12345", model_file="model.pkl", metrics={"accuracy": 0.75}, framework="none", tag="first")
context.commit(completed=True)
print(json.dumps(context.uid))
"""


class PlainScripts(unittest.TestCase):
    """A script with `get_or_create_ctx`: nothing was made before it."""

    @classmethod
    def setUpClass(cls):
        cls.project = unique("plain")
        cls.frame = pandas.DataFrame({"x": [1, 2, 3], "y": [0.5, 0.25, math.nan]})
        cls.uid = script(PLAIN, cls.project)
        cls.db = mlrun.get_run_db()

    def test_the_run_is_there_with_all_that_was_logged(self):
        run = self.db.read_run(self.uid, self.project)
        self.assertEqual(run["status"]["state"], "completed")
        self.assertEqual(run["status"]["results"], {"accuracy": 0.75, "loss": 0.25, "note": "fine", "curve": [1, 2, 3]})
        self.assertEqual(run["spec"]["parameters"], {"p1": 5, "p2": "a string"})
        self.assertEqual(run["metadata"]["labels"]["team"], "blue")

    def test_runs_as_a_table(self):
        table = self.db.list_runs(project=self.project).to_df()
        self.assertEqual(len(table), 1)
        self.assertEqual(table["name"][0], "myrun")
        self.assertEqual(table["results"][0]["accuracy"], 0.75)

    def test_artifacts_are_listed_with_their_tags(self):
        artifacts = self.db.list_artifacts(project=self.project)
        by_key = {artifact["metadata"]["key"]: artifact for artifact in artifacts}
        self.assertEqual(set(by_key), {"txt", "ds", "model"})
        self.assertEqual(by_key["ds"]["kind"], "dataset")
        self.assertEqual(by_key["ds"]["spec"]["header"][-2:], ["x", "y"])
        table = self.db.list_artifacts(project=self.project, tag="*").to_df()
        self.assertEqual(set(table["tree"]), {self.uid})
        models = self.db.list_artifacts(project=self.project, kind="model")
        self.assertEqual({model["metadata"]["tag"] for model in models}, {"first", "latest"})
        self.assertEqual(len(self.db.list_artifacts(project=self.project, tag="first")), 1)
        self.assertEqual(len(self.db.list_artifacts(project=self.project, labels=["colour=red"])), 1)

    def test_outputs_lead_to_the_bytes(self):
        run = mlrun.new_project(self.project, save=False).list_runs().to_objects()[0]
        run.refresh()
        self.assertEqual(run.outputs["accuracy"], 0.75)
        self.assertTrue(run.outputs["ds"].startswith("store://datasets/"))
        frame = mlrun.get_dataitem(run.outputs["ds"]).as_df()
        pandas.testing.assert_frame_equal(frame[["x", "y"]], self.frame)
        self.assertEqual(run.artifact("txt").get(), b"hello")
        path, model, _ = mlrun.artifacts.get_model(run.outputs["model"])
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"12345")
        self.assertEqual(model.metrics["accuracy"], 0.75)
        by_tag = mlrun.get_dataitem(f"store://models/{self.project}/myrun_model:first")
        self.assertEqual(by_tag.meta.spec.framework, "none")

    def test_a_model_is_updated_in_place(self):
        uri = f"store://models/{self.project}/myrun_model:first"
        mlrun.artifacts.update_model(uri, metrics={"f1": 0.5}, write_spec_copy=False)
        model = mlrun.get_dataitem(uri).meta
        self.assertEqual(model.metrics["f1"], 0.5)


class RunRecords(unittest.TestCase):
    def setUp(self):
        self.db = mlrun.get_run_db()
        self.project = unique("runs")

    def store(self, name, uid=None, state="completed", labels=None, results=None, iter=0):
        uid = uid or uuid.uuid4().hex
        run = {
            "kind": "run",
            "metadata": {"name": name, "uid": uid, "project": self.project, "iteration": iter, "labels": labels or {}},
            "spec": {"parameters": {"p": iter}},
            "status": {"state": state, "results": results or {}},
        }
        self.db.store_run(run, uid, self.project, iter=iter)
        return uid

    def test_numbers_that_are_none(self):
        uid = self.store("odd", results={"loss": math.nan, "up": math.inf, "down": -math.inf, "negative": -3.5})
        results = self.db.read_run(uid, self.project)["status"]["results"]
        self.assertTrue(math.isnan(results["loss"]))
        self.assertEqual((results["up"], results["down"], results["negative"]), (math.inf, -math.inf, -3.5))

    def test_lists_by_name_label_state_and_iteration(self):
        first = self.store("first", labels={"team": "a"}, state="error")
        for iteration in (1, 2):
            self.store("first", uid=first, iter=iteration)
        self.store("second", labels={"team": "b"})

        def names(**options):
            return sorted(run["metadata"]["name"] for run in self.db.list_runs(project=self.project, **options))

        self.assertEqual(names(name="first"), ["first"])
        self.assertEqual(names(name="~SEC"), ["second"])
        self.assertEqual(names(labels=["team=b"]), ["second"])
        self.assertEqual(names(labels={"team": "a"}), ["first"])
        self.assertEqual(names(states=["error"]), ["first"])
        self.assertEqual(names(iter=True), ["first", "first", "first", "second"])
        self.assertEqual(names(uid=first), ["first"])
        self.assertEqual(len(self.db.list_runs(project="*", uid=first)), 1)

    def test_pages(self):
        for number in range(5):
            self.store(f"run-{number}")
        found, token = [], None
        while True:
            page, token = self.db.paginated_list_runs(project=self.project, page_size=2, page_token=token)
            found.extend(page)
            if not token:
                break
        self.assertEqual(len({run["metadata"]["uid"] for run in found}), 5)

    def test_logs(self):
        uid = self.store("talk")
        self.db.store_log(uid, self.project, b"one\n", append=True)
        self.db.store_log(uid, self.project, b"two\n", append=True)
        self.assertEqual(self.db.get_log(uid, self.project), ("completed", b"one\ntwo\n"))
        self.assertEqual(self.db.get_log(uid, self.project, offset=4), ("completed", b"two\n"))
        started = time.monotonic()
        self.assertEqual(self.db.watch_log(uid, self.project)[0], "completed")
        self.assertLess(time.monotonic() - started, 30)

    def test_delete_one_and_many(self):
        gone = self.store("gone")
        self.db.del_run(gone, self.project)
        with self.assertRaises(MLRunNotFoundError):
            self.db.read_run(gone, self.project)
        self.db.del_run(gone, self.project)
        busy = self.store("busy", state="running")
        with self.assertRaises(MLRunBadRequestError):
            self.db.del_run(busy, self.project)
        self.db.update_run({"status.state": "completed"}, busy, self.project)
        self.store("kept", labels={"keep": "yes"})
        self.db.del_runs(project=self.project, name="busy")
        self.assertEqual([run["metadata"]["name"] for run in self.db.list_runs(project=self.project, name="~")], ["kept"])

    def test_bad_input_raises_the_right_exception(self):
        with self.assertRaises(MLRunNotFoundError):
            self.db.read_run(uuid.uuid4().hex, self.project)
        with self.assertRaises(MLRunNotFoundError):
            self.db.update_run({"status.state": "running"}, uuid.uuid4().hex, self.project)
        with self.assertRaises(MLRunBadRequestError):
            self.store("flying", state="flying")
        with self.assertRaises(MLRunBadRequestError):
            self.db.store_run({"metadata": {}}, uuid.uuid4().hex, "no slash%2F please")


class Scripts(unittest.TestCase):
    def test_a_script_with_a_context_manager_ends_its_run(self):
        project = unique("with")
        text = "import mlrun, sys\nwith mlrun.get_or_create_ctx(sys.argv[2], project=sys.argv[1]) as context:\n    "
        script(text + "1 / 0\n", project, "broken", expect=1)
        script(text + "context.log_result('x', 1)\nprint(1)\n", project, "fine")
        runs = {run["metadata"]["name"]: run for run in mlrun.get_run_db().list_runs(project=project, name="~")}
        self.assertEqual(runs["broken"]["status"]["state"], "error")
        self.assertIn("division", runs["broken"]["status"]["error"])
        self.assertEqual(runs["fine"]["status"]["state"], "completed")

    def test_children_of_a_context_and_the_best_of_them(self):
        project = unique("children")
        uid = script(
            """
import json, sys
import mlrun
context = mlrun.get_or_create_ctx("parent", project=sys.argv[1], upload_artifacts=True)
for number in range(1, 4):
    with context.get_child_context(myparam=number) as child:
        child.log_result("score", -number)
        child.log_artifact("note", body=str(number), local_path="note.txt")
        if number == 2:
            child.mark_as_best()
context.commit(completed=True)
print(json.dumps(context.uid))
""",
            project,
        )
        db = mlrun.get_run_db()
        parent = db.read_run(uid, project)
        self.assertEqual(parent["status"]["results"]["best_iteration"], 2)
        self.assertEqual(len(parent["status"]["iterations"]), 4)
        self.assertEqual(db.read_run(uid, project, iter=3)["status"]["results"]["score"], -3)
        self.assertEqual(mlrun.get_dataitem(f"store://artifacts/{project}/parent_note:latest@{uid}").get(), b"2")
        self.assertEqual(mlrun.get_dataitem(f"store://artifacts/{project}/parent_note#3:latest@{uid}").get(), b"3")

    def test_a_large_artifact_of_50_megabytes(self):
        project = unique("large")
        script(
            """
import os, sys
import mlrun
with open("large.bin", "wb") as file:
    file.write(os.urandom(1 << 20) * 50)
context = mlrun.get_or_create_ctx("large", project=sys.argv[1], upload_artifacts=True)
context.log_artifact("big", local_path="large.bin")
context.commit(completed=True)
print(1)
""",
            project,
        )
        artifact = mlrun.get_run_db().read_artifact("large_big", project=project)
        self.assertEqual(artifact["spec"]["size"], 50 << 20)
        self.assertEqual(len(mlrun.get_dataitem(f"store://{project}/large_big").get()), 50 << 20)


if __name__ == "__main__":
    unittest.main()
