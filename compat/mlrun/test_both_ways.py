"""One record, two clients: what MLRun's client writes MLflow's client reads, and the reverse. MLRUN_DBPATH is both servers' address."""

import os
import subprocess
import sys
import tempfile
import unittest
import uuid

import mlflow
import mlrun


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def process(text, *arguments, **environment):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", text, *arguments], capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout.strip().splitlines()[-1]


class BothWays(unittest.TestCase):
    def test_a_run_of_mlrun_read_by_mlflow(self):
        uid = process(
            """
import mlrun
context = mlrun.get_or_create_ctx("both", project="default", upload_artifacts=True)
context.get_param("p1", 5)
context.log_results({"accuracy": 0.5, "note": "fine"})
context.set_label("team", "blue")
context.log_artifact("note", body=b"hello", local_path="note.txt")
context.commit(completed=True)
print(context.uid)
"""
        )
        run = mlflow.MlflowClient().get_run(uid)
        self.assertEqual(run.info.status, "FINISHED")
        self.assertEqual(run.data.metrics["accuracy"], 0.5)
        self.assertEqual(run.data.params["p1"], "5")
        self.assertEqual(run.data.tags["team"], "blue")
        program = os.environ["TRAINYARD_PROGRAM"].split()
        shown = subprocess.run([*program, "show", uid, "--data", os.environ["TRAINYARD_TEST_DATA"], "--json"], capture_output=True, text=True)
        self.assertIn('"accuracy"', shown.stdout, shown.stderr)

    def test_a_run_of_mlflow_read_by_mlrun(self):
        mlflow.set_experiment(unique("flow"))
        with mlflow.start_run(run_name="by-mlflow") as active:
            mlflow.log_param("eta", 0.25)
            for step in range(3):
                mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.set_tag("team", "red")
            mlflow.log_text("hello", "note.txt")
        db = mlrun.get_run_db()
        run = db.read_run(active.info.run_id, "default")
        self.assertEqual(run["status"]["state"], "completed")
        self.assertEqual(run["status"]["results"]["loss"], 1 / 3)
        self.assertEqual(run["spec"]["parameters"]["eta"], 0.25)
        self.assertEqual(run["metadata"]["labels"]["team"], "red")
        self.assertEqual([artifact["metadata"]["key"] for artifact in run["status"]["artifacts"]], ["note.txt"])
        self.assertEqual(mlrun.get_dataitem(run["status"]["artifacts"][0]["spec"]["target_path"]).get(), b"hello")
        self.assertEqual(len(db.list_runs(project="default", labels=["team=red"], name="by-mlflow")), 1)
        db.list_runs(project="default", name="~").to_df()

    def test_mlflow_within_a_job_of_mlrun(self):
        project = unique("mixed")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mixed.py")
            with open(path, "w") as file:
                file.write("import mlflow\n\n\ndef handler(context):\n    context.log_result('by_mlrun', 1)\n    mlflow.log_metric('by_mlflow', 2)\n    context.log_artifact('note', body=b'hello', local_path='note.txt')\n")
            mlrun.get_or_create_project(project, context=folder)
            function = mlrun.code_to_function("mixed", project=project, filename=path, kind="job", image="mlrun/mlrun")
            run = function.run(handler="handler", watch=True)
        results = mlrun.get_run_db().read_run(run.metadata.uid, project)["status"]["results"]
        self.assertEqual(results, {"by_mlrun": 1, "by_mlflow": 2})
        copied = mlflow.artifacts.download_artifacts(run_id=run.metadata.uid, dst_path=tempfile.mkdtemp())
        self.assertIn("note.txt", [name for _, _, names in os.walk(copied) for name in names])

    def test_mlrun_within_a_run_of_trainyard_lands_in_that_very_run(self):
        program = os.environ["TRAINYARD_PROGRAM"].split()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLRUN_DB", "MLFLOW_TRACKING"))}
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "script.py"), "w") as file:
                file.write("import mlrun\ncontext = mlrun.get_or_create_ctx('mine')\ncontext.log_result('double', context.get_param('p1', 1) * 2)\n")
            done = subprocess.run(
                [*program, "run", "--data", os.path.join(folder, "data"), "--json", "-p", "p1=21", "script.py"],
                cwd=folder, capture_output=True, text=True, env=environment,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn('"double": 42', done.stdout.replace('"double":42', '"double": 42'), done.stdout + done.stderr)
            listed = subprocess.run([*program, "ls", "--data", os.path.join(folder, "data"), "--json"], cwd=folder, capture_output=True, text=True)
            self.assertEqual(listed.stdout.count('"parentId"'), 1, listed.stdout)

    def test_a_project_file_with_artifacts_is_read_by_both(self):
        name = unique("listed")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "customers.csv"), "w") as file:
                file.write("age,left\n31,0\n")
            with open(os.path.join(folder, "m.pkl"), "wb") as file:
                file.write(b"model")
            flat = [
                "{key: customers, kind: dataset, target_path: customers.csv}",
                "{key: far, kind: dataset, target_path: 's3://bucket/far.csv'}",
                "{key: picture, kind: plot, target_path: customers.csv}",
                "{key: m, kind: model, target_path: m.pkl}",
                "{key: far-model, kind: model, target_path: 's3://bucket/m'}",
            ]
            keys = ["customers", "far", "far-model", "m", "picture"]
            with open(os.path.join(folder, "project.yaml"), "w") as file:
                file.write("kind: project\nmetadata: {name: %s}\nspec:\n  artifacts:\n%s\n" % (name, "\n".join(f"  - {entry}" for entry in flat)))
            trainyard("project", "load", folder)
            self.assertEqual(sorted(each["metadata"]["key"] for each in mlrun.get_run_db().get_project(name).spec.artifacts), keys)
            trainyard("--project", name, "project", "save", folder)
            loaded = mlrun.load_project(folder)
            self.assertEqual(sorted(each["metadata"]["key"] for each in loaded.spec.artifacts), keys)
            self.assertEqual(mlrun.get_dataitem(f"store://{name}/customers").get(), b"age,left\n31,0\n")
            self.assertIn("s3://bucket/far.csv", [each["spec"]["target_path"] for each in loaded.list_artifacts()])

    def test_a_project_file_that_mlrun_wrote_is_taken_in_with_its_artifacts(self):
        name = unique("written")
        with tempfile.TemporaryDirectory() as folder:
            project = mlrun.new_project(name, context=folder, save=False)
            project.set_artifact("far", target_path="s3://bucket/far.csv")
            project.set_artifact("model", mlrun.artifacts.ModelArtifact(model_file="m.pkl"), target_path="s3://bucket/model/")
            with open(os.path.join(folder, "note.yaml"), "w") as file:
                file.write("kind: artifact\nmetadata: {key: note}\nspec: {target_path: 's3://bucket/note'}\n")
            project.set_artifact("note", "note.yaml")
            project.export()
            trainyard("project", "load", folder)
            self.assertIn("says what the records say", trainyard("project", "sync", folder))
            trainyard("--project", name, "project", "save", folder)
            loaded = mlrun.load_project(folder)
        found = {each["metadata"]["key"]: each["spec"]["target_path"] for each in loaded.list_artifacts()}
        self.assertEqual({key: found[key] for key in ("far", "model")}, {"far": "s3://bucket/far.csv", "model": "s3://bucket/model/"})
        self.assertIn("note", found)


def trainyard(*words):
    program = os.environ["TRAINYARD_PROGRAM"].split()
    done = subprocess.run([*program, *words, "--data", os.environ["TRAINYARD_TEST_DATA"]], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout + done.stderr


if __name__ == "__main__":
    unittest.main()
