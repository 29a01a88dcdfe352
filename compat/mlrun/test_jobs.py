"""Functions carried out by the server, through the official MLRun client. MLRUN_DBPATH says where the server is."""

import os
import tempfile
import time
import unittest
import uuid

import mlrun

CODE = """
import os
import time


def handler(context, p1: int = 1):
    print("hello from the job")
    context.log_result("accuracy", p1 * 2)
    context.log_artifact("note", body=str(p1), local_path="note.txt")


def negative(context, p1: int = 1):
    context.log_result("score", -abs(p1 - 2))
    context.log_artifact("note", body=str(p1), local_path="note.txt")


def fails(context):
    raise ValueError("this went wrong")


def secret(context):
    context.log_result("secret", context.get_secret("token"))
    context.log_result("variable", os.environ.get("MY_VARIABLE"))


def sleeps(context):
    print("it began", flush=True)
    time.sleep(600)
"""


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("nothing of the kind within the time")


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = unique("jobs")
        cls.db = mlrun.get_run_db()
        cls.folder = tempfile.mkdtemp()
        cls.proj = mlrun.new_project(cls.project, context=cls.folder)
        cls.path = os.path.join(cls.folder, "training.py")
        with open(cls.path, "w") as file:
            file.write(CODE)

    def function(self, kind="job"):
        return mlrun.code_to_function("train", project=self.project, filename=self.path, kind=kind, image="mlrun/mlrun")

    def test_a_job_runs_on_the_server_and_its_log_is_there(self):
        run = self.function().run(handler="handler", params={"p1": 5}, watch=True)
        self.assertEqual(run.state(), "completed")
        self.assertEqual(run.outputs["accuracy"], 10)
        self.assertEqual(run.artifact("note").get(), b"5")
        state, text = self.db.get_log(run.metadata.uid, self.project)
        self.assertIn(b"hello from the job", text)
        self.assertEqual(self.db.read_run(run.metadata.uid, self.project)["metadata"]["labels"]["kind"], "job")

    def test_a_job_that_fails_raises_with_its_message(self):
        with self.assertRaises(mlrun.runtimes.utils.RunError) as caught:
            self.function().run(handler="fails", watch=True)
        self.assertIn("this went wrong", str(caught.exception))

    def test_without_watching(self):
        run = self.function().run(handler="handler", params={"p1": 1}, watch=False)
        self.assertIn(run.metadata.uid, [each["metadata"]["uid"] for each in self.db.list_runs(project=self.project, uid=run.metadata.uid)])
        run.wait_for_completion(sleep=1)
        self.assertEqual(run.state(), "completed")

    def test_a_job_is_aborted(self):
        run = self.function().run(handler="sleeps", watch=False)
        wait_for(lambda: b"it began" in self.db.get_log(run.metadata.uid, self.project)[1])
        self.db.abort_run(run.metadata.uid, self.project)
        self.assertEqual(wait_for(lambda: self.db.read_run(run.metadata.uid, self.project)["status"]["state"] == "aborted"), True)

    def test_a_schedule_fires(self):
        function = self.function()
        function.run(name="each-second", handler="handler", params={"p1": 4}, schedule="* * * * *")
        schedule = self.db.get_schedule(self.project, "each-second")
        self.assertEqual(schedule.cron_trigger.minute, "*")
        self.assertIn("each-second", [each.name for each in self.db.list_schedules(self.project).schedules])
        if hasattr(self.db, "set_schedule_notifications"):
            def told(url):
                return mlrun.model.Notification(kind="webhook", name="told", message="m", severity="info", when=["completed"], condition="", params={"url": url})

            with self.assertRaisesRegex(mlrun.errors.MLRunBadRequestError, "private"):
                self.db.set_schedule_notifications(self.project, "each-second", [told("http://127.0.0.1:9/x")])
            # Nobody answers there, and the schedule fires all the same.
            self.db.set_schedule_notifications(self.project, "each-second", [told("https://receiver.invalid/x")])
            kept = self.db.get_schedule(self.project, "each-second").scheduled_object["task"]["spec"]["notifications"]
            self.assertEqual([each["name"] for each in kept], ["told"])
        self.db.invoke_schedule(self.project, "each-second")

        def ended():
            runs = self.db.list_runs(project=self.project, labels=["mlrun/schedule-name=each-second"], states=["completed"])
            return [run for run in runs if run["status"]["results"].get("accuracy") == 8]

        self.assertTrue(wait_for(ended))
        self.db.delete_schedule(self.project, "each-second")
        self.assertEqual(self.db.list_schedules(self.project).schedules, [])

    def test_a_schedule_fires_by_the_clock(self):
        trigger = mlrun.common.schemas.ScheduleCronTrigger(second="*/5")
        self.function().run(name="by-the-clock", handler="handler", params={"p1": 7}, schedule=trigger)

        def ended():
            runs = self.db.list_runs(project=self.project, labels=["mlrun/schedule-name=by-the-clock"], states=["completed"])
            return {run["metadata"]["uid"] for run in runs if run["status"]["results"].get("accuracy") == 14}

        self.assertTrue(wait_for(lambda: len(ended()) >= 2))
        schedule = self.db.get_schedule(self.project, "by-the-clock", include_last_run=True)
        self.assertEqual(schedule.cron_trigger.second, "*/5")
        self.assertIn(self.project, schedule.last_run_uri)
        self.db.delete_schedule(self.project, "by-the-clock")

    def test_a_workflow_of_the_local_engine_on_the_server(self):
        path = os.path.join(self.folder, "workflow.py")
        with open(path, "w") as file:
            file.write("import mlrun\n\n\ndef pipeline(p1=1):\n    mlrun.run_function('of-workflow', params={'p1': p1})\n")
        self.proj.set_function(self.path, name="of-workflow", kind="job", image="mlrun/mlrun", handler="handler")
        self.proj.set_workflow("main", path, engine="local", handler="pipeline")
        self.proj.spec.source = self.folder
        self.proj.save()
        status = self.proj.run("main", engine="remote:local", arguments={"p1": 6}, watch=True)
        self.assertEqual(str(status.state).lower().split(".")[-1], "succeeded")
        runs = self.db.list_runs(project=self.project, name="~of-workflow", iter=False)
        self.assertEqual(runs[0]["status"]["results"]["accuracy"], 12)

    def test_secrets_and_variables_reach_the_job(self):
        self.proj.set_secrets({"token": "hunter2"})
        function = self.function()
        function.set_env("MY_VARIABLE", "here")
        run = function.run(handler="secret", watch=True)
        self.assertEqual(run.outputs["secret"], "hunter2")
        self.assertEqual(run.outputs["variable"], "here")

    def test_hyper_parameters_with_negative_metrics(self):
        run = self.function().run(
            handler="negative",
            hyperparams={"p1": [1, 2, 3]},
            hyper_param_options=mlrun.model.HyperParamOptions(selector="max.score"),
            watch=True,
        )
        rows = run.status.iterations
        self.assertEqual(len(rows), 4)
        self.assertEqual(run.state(), "completed")
        self.assertEqual(self.db.read_run(run.metadata.uid, self.project, iter=3)["status"]["results"]["score"], -1)

    def test_hyper_parameters_here(self):
        for options in (
            {"strategy": "list"},
            {"strategy": "random", "max_iterations": 4},
            {"parallel_runs": 0},
        ):
            run = self.function().run(
                handler="handler",
                hyperparams={"p1": [1, 2, 3]},
                hyper_param_options=mlrun.model.HyperParamOptions(selector="max.accuracy", **options),
                local=True,
            )
            self.assertEqual(run.outputs["accuracy"], max(row[-1] for row in run.status.iterations[1:]))
            self.assertEqual(run.artifact("note").get().decode(), str(run.outputs["accuracy"] // 2))

    def test_parameters_from_a_file(self):
        path = os.path.join(self.folder, "params.csv")
        with open(path, "w") as file:
            file.write("p1\n4\n7\n")
        run = self.function().run(
            handler="handler",
            hyper_param_options=mlrun.model.HyperParamOptions(selector="accuracy", param_file=path),
            local=True,
        )
        self.assertEqual(run.outputs["accuracy"], 14)

    def test_run_function_of_a_project_goes_to_the_server(self):
        self.proj.set_function(self.path, name="of-project", kind="job", image="mlrun/mlrun", handler="handler")
        run = self.proj.run_function("of-project", params={"p1": 3}, watch=True)
        self.assertEqual(run.outputs["accuracy"], 6)
        self.assertEqual(run.metadata.labels["kind"], "job")


if __name__ == "__main__":
    unittest.main()
