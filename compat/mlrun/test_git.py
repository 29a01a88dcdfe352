"""A project that lies in a Git repository, as a CI pipeline uses it, through the official MLRun client. MLRUN_DBPATH says where the server is."""

import os
import subprocess
import sys
import tempfile
import unittest
import uuid

import mlrun

CODE = """
def handler(context, p1: int = 1):
    context.log_result("accuracy", p1 * 2)
"""
WORKFLOW = """
import mlrun


def pipeline(p1=1):
    mlrun.run_function("train", params={"p1": p1}, local=True)
"""
ADDRESS = "git://git.example.com/acme/iris.git"


class FromGit(unittest.TestCase):
    """The address of a host that is nowhere leads Git to a repository on this machine: all of it goes the usual way but the network."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.name = f"iris-{uuid.uuid4().hex[:8]}"
        work = os.path.join(cls.folder, "work")
        project = mlrun.new_project(cls.name, context=work, save=False)
        for name, text in (("training.py", CODE), ("workflow.py", WORKFLOW)):
            with open(os.path.join(work, name), "w") as file:
                file.write(text)
        project.set_function("training.py", name="train", kind="job", image="mlrun/mlrun", handler="handler")
        project.set_workflow("main", "workflow.py", engine="local", handler="pipeline")
        project.spec.params = {"threshold": 0.5}
        project.export()

        def git(*words):
            who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
            subprocess.run(["git", *who, *words], cwd=work, check=True, capture_output=True)

        git("init", "-b", "main")
        git("add", ".")
        git("commit", "-m", "The project")
        git("clone", "--bare", work, os.path.join(cls.folder, "acme", "iris.git"))
        os.environ.update(
            GIT_CONFIG_COUNT="1",
            GIT_CONFIG_KEY_0=f"url.file://{cls.folder}/.insteadOf",
            GIT_CONFIG_VALUE_0="https://git.example.com/",
        )
        cls.db = mlrun.get_run_db()

    def test_it_is_loaded_and_its_function_and_workflow_run(self):
        project = mlrun.load_project(os.path.join(self.folder, "loaded"), f"{ADDRESS}#main", clone=True)
        self.assertEqual(project.metadata.name, self.name)
        self.assertEqual(project.get_param("threshold"), 0.5)
        run = project.run_function("train", params={"p1": 4}, local=True)
        self.assertEqual(run.outputs["accuracy"], 8)
        status = project.run("main", arguments={"p1": 3}, engine="local")
        self.assertEqual(str(status.state).lower().split(".")[-1], "succeeded")
        results = [run["status"]["results"].get("accuracy") for run in self.db.list_runs(project=self.name, name="~train", iter=False)]
        self.assertLessEqual({6, 8}, set(results))
        stored = self.db.get_project(self.name)
        self.assertIn("git.example.com/acme/iris", stored.spec.source)
        self.assertEqual([each["name"] for each in stored.spec.workflows], ["main"])

    def test_the_command_line_loads_and_runs_it(self):
        words = ["project", os.path.join(self.folder, "ci"), "-u", f"{ADDRESS}#main", "--clone", "-n", self.name, "-r", "main", "-a", "p1=5", "--engine", "local", "-w"]
        done = subprocess.run([sys.executable, "-W", "ignore", "-m", "mlrun", *words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        runs = self.db.list_runs(project=self.name, name="~train", iter=False)
        self.assertIn(10, [run["status"]["results"].get("accuracy") for run in runs])


if __name__ == "__main__":
    unittest.main()
