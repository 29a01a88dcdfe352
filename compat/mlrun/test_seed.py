"""Every sample of the introduction in today's spelling, through the official MLRun client. MLRUN_DBPATH says where the server is."""

import os
import socket
import subprocess
import sys
import tempfile
import unittest
import uuid

import mlrun
from click.testing import CliRunner
from mlrun.__main__ import main

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples")
TRAINING = os.path.join(SAMPLES, "training.py")
IRIS = os.path.join(SAMPLES, "iris.py")


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def reaches(host):
    try:
        with socket.create_connection((host, 443), timeout=5):
            return True
    except OSError:
        return False


class Samples(unittest.TestCase):
    def setUp(self):
        self.name = unique("seed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.project = mlrun.get_or_create_project(self.name, context=self.folder)
        self.db = mlrun.get_run_db()
        with open(os.path.join(self.folder, "infile.txt"), "w") as file:
            file.write("abcde")
        with open(os.path.join(self.folder, "secrets.txt"), "w") as file:
            file.write("ACCESS_KEY=456\n")
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)

    def command(self, *words, expect=0):
        environment = {**os.environ, "MLRUN_DEFAULT_PROJECT": self.name, "MLRUN_ACTIVE_PROJECT": self.name}
        done = subprocess.run([sys.executable, "-W", "ignore", "-m", "mlrun", *words], capture_output=True, text=True, env=environment)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def told(self, *words):
        """What a command that only reads says, in this process, which has paid for the imports."""
        done = CliRunner().invoke(main, words)
        self.assertEqual(done.exit_code, 0, done.output)
        return done.output

    def local(self, task, **options):
        function = mlrun.code_to_function("training", project=self.name, filename=TRAINING, kind="job", image="mlrun/mlrun")
        return function.run(task, local=True, **options)

    def test_a_task_runs_a_script_here(self):
        task = mlrun.new_task("train", handler="my_job", params={"p1": 5}, inputs={"infile.txt": os.path.join(self.folder, "infile.txt")})
        run = self.local(task)
        self.assertEqual(run.outputs["accuracy"], 10)
        self.assertEqual(run.artifact("model").get(), b"abc is 123")
        run.show()

    def test_with_hyper_params_over_a_script(self):
        task = mlrun.new_task("train", handler="my_job", inputs={"infile.txt": os.path.join(self.folder, "infile.txt")})
        run = self.local(task.with_hyper_params({"p1": [5, 2, 3]}, "min.loss"))
        self.assertEqual(run.outputs["best_iteration"], 2)
        self.assertEqual(run.outputs["loss"], 6)

    def test_a_task_with_secrets_and_labels_on_a_job(self):
        task = mlrun.new_task("demo", handler="my_job", params={"p1": 5}, inputs={"infile.txt": os.path.join(self.folder, "infile.txt")})
        task.with_secrets("file", os.path.join(self.folder, "secrets.txt")).set_label("type", "demo")
        function = mlrun.code_to_function("training", project=self.name, filename=TRAINING, kind="job", image="mlrun/mlrun")
        run = function.run(task, watch=False)
        run.logs(watch=True)
        run.refresh()
        run.show()
        self.assertEqual(run.state(), "completed")
        self.assertEqual(run.metadata.labels["type"], "demo")
        self.assertIn("accesskey = 456", self.db.get_log(run.metadata.uid, self.name)[1].decode())
        self.assertIn("model", run.outputs)

    def test_iris_from_its_generator_to_a_model(self):
        function = mlrun.code_to_function("iris", project=self.name, filename=IRIS, kind="job", image="mlrun/mlrun")
        generated = function.run(handler="iris_generator", watch=True)
        trained = function.run(handler="train", inputs={"dataset": generated.outputs["iris_dataset"]}, params={"eta": 0.3}, watch=True)
        self.assertGreater(trained.outputs["accuracy"], 0.5)
        stored = self.db.read_run(trained.metadata.uid, self.name)
        self.assertIn("dataset", stored["spec"]["inputs"])

    def test_hyper_parameters_and_a_parameter_file(self):
        function = mlrun.code_to_function("iris", project=self.name, filename=IRIS, kind="job", image="mlrun/mlrun")
        generated = function.run(handler="iris_generator", local=True)
        inputs = {"dataset": generated.outputs["iris_dataset"]}
        parameters = {"eta": [0.05, 0.10], "max_depth": [3, 4]}
        task = mlrun.new_task(handler="train", inputs=inputs).with_hyper_params(parameters, "max.accuracy")
        run = function.run(task, local=True)
        self.assertEqual(len(run.status.iterations), 5)
        with open("params.csv", "w") as file:
            file.write("eta,max_depth\n0.1,3\n0.2,4\n")
        task = mlrun.new_task(handler="train", inputs=inputs).with_param_file("params.csv", "max.accuracy")
        self.assertEqual(len(function.run(task, local=True).status.iterations), 3)

    def test_the_command_line_runs_the_script(self):
        infile, secrets = os.path.join(self.folder, "infile.txt"), os.path.join(self.folder, "secrets.txt")
        self.command("run", "--project", self.name, "--name", "train", "-p", "p1=5", "-p", "p2=5", "-i", f"infile.txt={infile}", "-s", f"file={secrets}", TRAINING)
        run = self.db.list_runs(project=self.name, name="train")[0]
        self.assertEqual(run["status"]["state"], "completed")
        self.assertEqual(run["status"]["results"]["accuracy"], 10)
        uid = run["metadata"]["uid"]
        self.assertIn(uid, self.told("get", "runs", "-p", self.name))
        self.assertIn("mydf", self.told("get", "artifacts", "-p", self.name))
        self.assertIn("completed", self.told("logs", uid, "-p", self.name))
        self.assertIn("1.12", self.told("version"))
        self.assertIn(os.environ["MLRUN_DBPATH"], self.told("config"))

    def test_the_command_line_over_parameters(self):
        infile = os.path.join(self.folder, "infile.txt")
        self.command(
            "run", "--project", self.name, "--name", "train_hyper", "-x", "p1=[3,7,5]", "-x", "p2=[5,2,9]", "--hyper-param-strategy", "list",
            "--selector", "max.accuracy", "-i", f"infile.txt={infile}", "--handler", "my_job", "--out-path", os.path.join(self.folder, "data"), TRAINING,
        )
        runs = [run for run in self.db.list_runs(project=self.name, name="~train") if run["metadata"]["iteration"] == 0]
        self.assertEqual(runs[0]["status"]["results"]["best_iteration"], 2)

    def test_build_of_a_function_file(self):
        # The sample's code is in a repository of the internet: a build where that cannot be read says so, and fails.
        isReachable = reaches("github.com")
        out = self.command("build", os.path.join(SAMPLES, "function.yaml"), expect=0 if isReachable else 1)
        if not isReachable:
            self.assertIn("Cannot read the repository https://github.com/mlrun/ci-demo.git", out)
        self.assertEqual(self.db.get_function("remote-git-test", "default")["kind"], "job")

    def test_methods_of_the_database(self):
        # A run within this process leaves its own task in the environment.
        environment = {name: value for name, value in os.environ.items() if name != "MLRUN_EXEC_CONFIG"}
        context = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", f"import mlrun\nwith mlrun.get_or_create_ctx('x', project='{self.name}', upload_artifacts=True) as c:\n    c.log_artifact('chart', body=b'1')\n"],
            capture_output=True, text=True, env=environment,
        )
        self.assertEqual(context.returncode, 0, context.stderr)
        self.db.list_runs(project=self.name, name="x").show()
        self.db.list_artifacts(project=self.name, tag="").show()
        self.assertEqual(len(self.db.list_artifacts("~ch", project=self.name, tag="*")), 1)
        self.db.del_runs(project=self.name, state="completed")
        self.assertEqual(len(self.db.list_runs(project=self.name, name="~")), 0)


if __name__ == "__main__":
    unittest.main()
