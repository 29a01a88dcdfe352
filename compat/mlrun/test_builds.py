"""Builds of functions, through the official MLRun client. MLRUN_DBPATH says where the server is."""

import contextlib
import io
import os
import tempfile
import unittest
import uuid

import mlrun

CODE = """
import importlib.metadata


def version(context, package: str = "cowsay"):
    context.log_result("version", importlib.metadata.version(package))
    context.log_result("client", importlib.metadata.version("mlrun"))
"""


def told(work):
    """What the work printed, and what it gave back or raised."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            outcome = work()
        except Exception as error:
            outcome = error
    return text.getvalue(), outcome


class Builds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = f"builds-{uuid.uuid4().hex[:8]}"
        cls.db = mlrun.get_run_db()
        cls.folder = tempfile.mkdtemp()
        cls.proj = mlrun.new_project(cls.project, context=cls.folder)
        cls.path = os.path.join(cls.folder, "training.py")
        with open(cls.path, "w") as file:
            file.write(CODE)

    def function(self, name, **options):
        return mlrun.code_to_function(name, project=self.project, filename=self.path, kind="job", image="mlrun/mlrun", handler="version", **options)

    def test_what_a_function_asks_for_is_installed_once_and_its_jobs_have_it(self):
        function = self.function("asks", requirements=["cowsay==6.1"])
        log, ready = told(function.deploy)
        self.assertIs(ready, True, log)
        self.assertIn("Built the environment", log)
        self.assertEqual(function.status.state, "ready")
        run = function.run(watch=True)
        self.assertEqual(run.outputs["version"], "6.1")
        self.assertEqual(run.outputs["client"], mlrun.__version__)
        again, ready = told(function.deploy)
        self.assertIs(ready, True)
        self.assertIn("Nothing has changed since it was built.", again)

    def test_a_job_that_does_not_wait_for_the_build_has_it_too(self):
        function = self.function("early")
        function.spec.build.commands = ["python -m pip install cowsay==6.1"]
        function.deploy(watch=False)
        self.assertEqual(function.run(watch=True).outputs["version"], "6.1")

    def test_an_installer_that_fails_is_the_log_and_the_state(self):
        function = self.function("fails", requirements=["no-such-package-of-anybody==1"])
        log, outcome = told(function.deploy)
        self.assertIsInstance(outcome, mlrun.errors.MLRunRuntimeError)
        self.assertIn("no-such-package-of-anybody", log)
        self.assertEqual(function.status.state, "error")
        self.assertEqual(self.db.get_function("fails", self.project)["status"]["state"], "error")

    def test_a_function_that_asks_for_nothing_is_ready_at_once(self):
        function = self.function("nothing")
        log, ready = told(function.deploy)
        self.assertIs(ready, True)
        self.assertEqual(function.spec.image, "mlrun/mlrun")

    def test_the_image_of_a_project_is_that_of_its_functions(self):
        self.proj.build_image(image="ours/image:1", requirements=["cowsay==6.1"], set_as_default=True)
        function = self.function("of-project")
        function.spec.image = self.proj.default_image
        self.assertEqual(function.run(watch=True).outputs["version"], "6.1")


if __name__ == "__main__":
    unittest.main()
