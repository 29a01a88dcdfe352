import contextlib
import functools
import glob
import io
import json
import os
import signal
import subprocess
import sys
import time
import unittest

from packing_support import SpoolCase, needs, optional

import trainyard
from trainyard import warm
from trainyard.command_line import TrainyardError, last_object, program, sentence_of
from trainyard.launch import importable_place
from trainyard.task import NewTask, RunFailed, Task, get_run_db, load_task, new_task, run_local

HERE = os.path.dirname(os.path.abspath(__file__))


def train(context, p1=1):
    return p1


def record(state="completed", **fields):
    base = {
        "id": "a" * 32, "name": "demo", "project": "default", "kind": "run", "iteration": 0, "state": state, "parameters": {"p1": 5},
        "results": {"accuracy": 0.5, "loss": "NaN", "note": "x"}, "labels": {}, "error": None, "stateReason": None,
        "artifacts": [{"key": "model", "kind": "file", "target": "/data/model.txt"}],
    }  # fmt: skip
    return {**base, **fields}


class TaskTest(unittest.TestCase):
    def test_the_dict_is_what_task_files_have(self):
        task = NewTask(handler="train", name="demo", project="iris", params={"p1": 5}, out_path="/data/{{run.uid}}", outputs="model", timeout=2.5)
        task.with_secrets("file", "secrets.txt").set_label("type", "demo").with_input("infile", "s3://b/x.csv").with_params(p2="x")
        task.with_hyper_params({"p3": [5, 2, 3], "eta": {"type": "uniform", "low": 0, "high": 1}}, "min.loss", strategy="random", parallel=2,
                               max_iterations=4, stop_condition="loss < 0.1", seed=7, iteration_timeout=3)  # fmt: skip
        self.assertEqual(
            task.to_dict(),
            {
                "name": "demo", "project": "iris", "handler": "train", "parameters": {"p1": 5, "p2": "x"}, "outPath": "/data/{{run.uid}}",
                "outputs": ["model"], "timeoutMs": 2500.0, "secrets": [{"kind": "file", "source": "secrets.txt"}], "labels": {"type": "demo"},
                "inputs": {"infile": "s3://b/x.csv"},
                "sweep": {
                    "hyperParameters": {"p3": [5, 2, 3], "eta": {"type": "uniform", "low": 0, "high": 1}}, "selector": "min.loss",
                    "strategy": "random", "parallel": 2, "maxIterations": 4, "stopCondition": "loss < 0.1", "seed": 7, "iterationTimeoutMs": 3000,
                },
            },
        )  # fmt: skip

    def test_everything_can_be_said_at_once(self):
        task = new_task("n", params={}, hyper_params={"a": range(3)}, selector="max.acc", hyper_param_options={"parallel": 3}, labels={"a": 1},
                        inputs={"x": "y"}, secrets={"K": "v"}, returns=["m:model"], artifact_path="/out", command="t.py", args=[1, "b"])  # fmt: skip
        self.assertEqual(
            task.to_dict(),
            {
                "name": "n", "command": "t.py", "arguments": ["1", "b"], "outPath": "/out", "returns": ["m:model"], "labels": {"a": "1"},
                "inputs": {"x": "y"}, "secrets": [{"kind": "inline", "source": {"K": "v"}}],
                "sweep": {"hyperParameters": {"a": [0, 1, 2]}, "selector": "max.acc", "parallel": 3},
            },
        )  # fmt: skip

    def test_a_parameter_file(self):
        task = NewTask(handler=train).with_param_file("params.csv", "max.accuracy", strategy="list")
        self.assertEqual(task.to_dict()["sweep"], {"parameterFile": "params.csv", "selector": "max.accuracy", "strategy": "list"})
        self.assertEqual((task.to_dict()["handler"], task.function), ("train", train))
        self.assertEqual(NewTask(handler="train.py:main").to_dict(), {"handler": "main", "command": "train.py"})

    def test_what_is_given_is_not_changed_and_copies_are_independent(self):
        params, labels = {"p1": 5}, {"a": "b"}
        first = NewTask(params=params, labels=labels)
        second = first.copy().with_params(p1=6).set_label("c", "d")
        self.assertEqual((params, labels), ({"p1": 5}, {"a": "b"}))
        self.assertEqual(first.to_dict(), {"parameters": {"p1": 5}, "labels": {"a": "b"}})
        self.assertEqual(second.to_dict()["labels"], {"a": "b", "c": "d"})
        first.to_dict()["parameters"]["p1"] = 9
        self.assertEqual(first.to_dict()["parameters"], {"p1": 5})

    def test_chain_calls_work_on_lines_of_their_own(self):
        task = NewTask(name="demo")
        task.with_params(p1=1)
        self.assertEqual(task.to_dict()["parameters"], {"p1": 1})

    def test_names_that_do_not_exist_are_refused_with_the_nearest(self):
        cases = [
            (lambda: NewTask(pramas={}), "'pramas'.*'params'"), (lambda: new_task(hyperparams={}), "'hyper_params'"),
            (lambda: run_local(handler=train, pramas={"eta": 0.3}), "run_local.*'pramas'.*'params'"),
            (lambda: NewTask().with_hyper_params({"a": [1]}, paralel=2), "'parallel'"),
        ]  # fmt: skip
        for call, words in cases:
            with self.assertRaisesRegex(TypeError, words):
                call()

    def test_values_that_cannot_be_right_are_refused_by_name(self):
        cases = [
            (lambda: NewTask().with_hyper_params({"p2": 5}), "'p2' needs a list"), (lambda: NewTask().with_hyper_params({"p2": []}), "empty"),
            (lambda: NewTask().with_hyper_params({"p2": {"low": 1}}), "no 'type'"), (lambda: NewTask().with_params(p=object()), "'p'"),
            (lambda: NewTask().with_secrets("vault", "x"), "'vault'"), (lambda: NewTask(timeout=0), "timeout"),
            (lambda: NewTask().with_hyper_params({"a": [1]}, strategy="gird"), "'grid'"), (lambda: NewTask(handler=5), "handler"),
            (lambda: NewTask().with_secrets("inline", "x"), "inline"), (lambda: NewTask(secrets=["x"]), "secrets"),
            (lambda: load_task({"params": {}}), "'parameters'"), (lambda: load_task(5), "task"),
        ]  # fmt: skip
        for call, words in cases:
            with self.assertRaisesRegex((TypeError, ValueError), words):
                call()

    def test_inline_secrets_are_never_written_or_shown(self):
        task = NewTask().with_secrets("inline", {"K": "hunter2"})
        self.assertNotIn("hunter2", repr(task))
        for write in (task.to_yaml, lambda: task.export("never.yaml")):
            with self.assertRaisesRegex(ValueError, "inline"):
                write()
        self.assertFalse(os.path.exists("never.yaml"))

    @needs("numpy")
    def test_values_of_numpy_become_plain(self):
        numpy = optional("numpy")
        task = NewTask(params={"a": numpy.float64(0.5), "b": numpy.array([1, 2])}).with_hyper_params({"c": numpy.arange(3)})
        self.assertEqual(task.to_dict(), {"parameters": {"a": 0.5, "b": [1, 2]}, "sweep": {"hyperParameters": {"c": [0, 1, 2]}}})

    def test_the_package_has_them(self):
        self.assertIs(trainyard.NewTask, Task)
        self.assertIs(trainyard.run_local, run_local)
        self.assertIs(trainyard.new_task, new_task)


class FilesTest(SpoolCase):
    def test_export_and_load_give_the_same_task(self):
        task = NewTask(name="é", params={"p1": 5}).export("task.yaml")
        self.assertEqual(load_task("task.yaml").to_dict(), task.to_dict())
        self.assertEqual(new_task(base="task.yaml", name="other").to_dict(), {"name": "other", "parameters": {"p1": 5}})


class CommandCase(SpoolCase):
    def setUp(self):
        super().setUp()
        self.log = os.path.join(self.folder, "log")
        self.answers = os.path.join(self.folder, "answers.json")
        environment = {
            "TRAINYARD_CLI": json.dumps([sys.executable, os.path.join(HERE, "fake_command.py")]),
            "FAKE_LOG": self.log,
            "FAKE_ANSWERS": self.answers,
        }
        before = dict(os.environ)
        os.environ.update(environment)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))

    def answer(self, **answers):
        with open(self.answers, "w") as file:
            json.dump(answers, file)

    def calls(self):
        with open(self.log) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def eventually_called(self, command):
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(FileNotFoundError):
                for call in self.calls():
                    if call["arguments"][0] == command:
                        return call
            if time.monotonic() > until:
                self.fail(f"{command} was not called within a minute")
            time.sleep(0.02)


class RunLocalTest(CommandCase):
    def test_a_task_goes_over_stdin_and_the_record_comes_back(self):
        self.answer(run={"stdout": record(), "stderr": "epoch 1\n"})
        shown = io.StringIO()
        task = NewTask(params={"p1": 5}).with_secrets("inline", {"KEY": "hunter2"})
        with contextlib.redirect_stderr(shown):
            run = run_local(task, command="training.py", name="demo", data="/data")
        (call,) = self.calls()
        self.assertEqual(call["arguments"], ["run", "--task", "-", "--python", sys.executable, "--json", "--data", "/data"])
        self.assertEqual(
            json.loads(call["stdin"]),
            {"parameters": {"p1": 5}, "secrets": [{"kind": "inline", "source": {"KEY": "hunter2"}}], "name": "demo", "command": "training.py"},
        )
        self.assertNotIn("hunter2", " ".join(call["arguments"]))
        self.assertEqual((run.uid, run.name, run.state, shown.getvalue()), ("a" * 32, "demo", "completed", "epoch 1\n"))
        self.assertEqual(task.to_dict().get("command"), None)

    def test_outputs_are_results_and_places_of_artifacts(self):
        self.answer(run={"stdout": record()})
        run = run_local(command="training.py", watch=False)
        self.assertEqual((run.output("accuracy"), run.output("model"), run.output("nothing")), (0.5, "/data/model.txt", None))
        self.assertNotEqual(run.outputs["loss"], run.outputs["loss"])
        self.assertEqual((str(run.artifact("model")), run.artifact("model").key), ("/data/model.txt", "model"))
        with self.assertRaisesRegex(KeyError, "model"):
            run.artifact("modle")
        self.assertEqual(json.loads(run.to_json())["results"]["loss"], "NaN")

    def test_watch_false_shows_nothing(self):
        self.answer(run={"stdout": record(), "stderr": "epoch 1\n"})
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown), contextlib.redirect_stdout(shown):
            run_local(command="training.py", watch=False)
        self.assertEqual(shown.getvalue(), "")

    def test_a_function_of_a_file_is_named_by_its_file(self):
        self.answer(run={"stdout": record()})
        with open("jobs.py", "w") as file:
            file.write("def my_job(context, p1=1):\n    return p1\n")
        sys.path.insert(0, self.work)
        self.addCleanup(sys.path.remove, self.work)
        self.addCleanup(sys.modules.pop, "jobs", None)
        import jobs

        run_local(handler=jobs.my_job, params={"p1": 2}, watch=False)
        sent = json.loads(self.calls()[0]["stdin"])
        self.assertEqual((sent["command"], sent["handler"]), (os.path.join(self.work, "jobs.py"), "my_job"))
        run_local(NewTask(handler=jobs.my_job), command="other.py", watch=False)
        sent = json.loads(self.calls()[1]["stdin"])
        self.assertEqual((sent["command"], sent["handler"]), ("other.py", "my_job"))

    def test_a_run_that_failed_raises_with_its_reason_unless_told_not_to(self):
        failed = record("failed", error={"type": "ValueError", "message": "bad eta"})
        self.answer(run={"stdout": failed, "code": 1, "stderr": "Traceback\n"})
        with self.assertRaisesRegex(RunFailed, "ValueError: bad eta") as caught:
            run_local(command="training.py", watch=False)
        self.assertEqual(caught.exception.run.state, "failed")
        self.assertEqual(run_local(command="training.py", watch=False, raise_on_failure=False).state, "failed")

    def test_a_request_that_cannot_be_run_raises_the_sentence_of_the_command(self):
        self.answer(run={"code": 2, "stderr": "\x1b[1merror:\x1b[0m There is no file missing.py.\nhint: look around\n"})
        with self.assertRaisesRegex(TrainyardError, r"^There is no file missing.py. \(look around\)$") as caught:
            run_local(command="missing.py", watch=False)
        self.assertEqual(caught.exception.code, 2)

    def test_nothing_to_run_is_refused(self):
        with self.assertRaisesRegex(ValueError, "something to run"):
            run_local(NewTask(name="x"))

    def test_a_missing_command_is_one_sentence(self):
        os.environ["TRAINYARD_CLI"] = "/nowhere/trainyard"
        with self.assertRaisesRegex(TrainyardError, "Cannot start /nowhere/trainyard"):
            run_local(command="training.py")
        for wrong in ('["a", 5]', "[", "[]"):
            os.environ["TRAINYARD_CLI"] = wrong
            with self.assertRaisesRegex(TrainyardError, "TRAINYARD_CLI"):
                program()

    def test_the_command_is_found_on_path_or_in_node_modules_and_never_fetched(self):
        del os.environ["TRAINYARD_CLI"]
        os.environ["PATH"] = os.path.join(self.folder, "bin")
        os.makedirs(os.environ["PATH"])
        for name in ("npx", "npm"):  # they would ask a registry
            with open(os.path.join(os.environ["PATH"], name), "w", opener=lambda path, flags: os.open(path, flags, 0o755)) as file:
                file.write("#!/bin/sh\nexit 99\n")
        with self.assertRaisesRegex(TrainyardError, "was not found.*TRAINYARD_CLI"):
            run_local(command="training.py")
        local = os.path.join(self.folder, "node_modules", ".bin", "trainyard")
        os.makedirs(os.path.dirname(local))
        os.symlink(sys.executable, local)
        self.assertEqual(program(), [local])
        os.symlink(sys.executable, os.path.join(os.environ["PATH"], "trainyard"))
        self.assertEqual(program(), [os.path.join(os.environ["PATH"], "trainyard")])

    def test_ctrl_c_is_handed_on_once_and_the_polite_end_is_waited_for(self):
        self.answer(run={"stdout": record("aborted"), "code": 130, "sleep": 20})
        code = "import sys; sys.path.insert(0, sys.argv[1])\nfrom trainyard import run_local\nrun_local(command='training.py')"
        command = [sys.executable, "-c", code, os.path.dirname(HERE)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        with process:
            self.assertEqual(process.stderr.readline(), "sleeping\n")
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: everybody in the group gets it
            self.assertIn("KeyboardInterrupt", process.communicate(timeout=20)[1])
        with open(self.log + ".interrupts") as file:
            self.assertEqual(file.read(), "1")

    def test_a_script_that_would_start_itself_is_refused(self):
        self.answer(run={"stdout": record()})
        with open("selfish.py", "w") as file:
            file.write("from trainyard.task import run_local\ndef job(): pass\nrun_local(handler=job, watch=False)\n")
        sys.path.insert(0, self.work)
        self.addCleanup(sys.path.remove, self.work)
        self.addCleanup(sys.modules.pop, "selfish", None)
        os.environ["TRAINYARD_STARTED_FILE"] = os.path.join(self.work, "selfish.py")
        with self.assertRaisesRegex(RuntimeError, "__main__"):
            import selfish  # noqa: F401

    def test_detach_returns_a_run_that_is_still_running(self):
        self.answer(
            run={"stdout": "x", "until": ["show", 2]},
            show=[{"code": 3, "stderr": "error: no run"}, {"stdout": {"run": record("running"), "artifacts": []}}],
        )
        run = run_local(command="training.py", detach=True)
        self.assertEqual(run.status["state"], "running")
        started = self.eventually_called("run")  # a process of its own: it may come after both questions
        self.assertEqual(started["arguments"][3:6], ["--python", sys.executable, "--quiet"])


class AttachedTest(CommandCase):
    def setUp(self):
        super().setUp()
        trouble = warm.fork_trouble(own_process=True)
        if trouble is not None:
            print(f"tests of functions in forks are skipped: {trouble}", file=sys.stderr)
            self.skipTest(trouble)

    def run_attached(self, function, **options):
        os.environ["FAKE_RUN_DIRECTORY"] = self.run_directory
        run = run_local(handler=function, watch=False, **options)
        entries = []
        for path in glob.glob(os.path.join(self.run_directory, "journal-*.jsonl")):
            with open(path, "rb") as file:
                entries += [json.loads(line) for line in file.read().split(b"\0")[0].splitlines()]
        return run, entries

    def test_a_function_of_another_function_runs_in_a_fork_of_this_process(self):
        captured = {"here": os.getpid()}

        def closure(context, p1=1):
            print("parameter", p1)
            context.log_result("sum", p1 + len(captured))
            context.log_result("forked", os.getpid() != captured["here"])

        open_before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
        run, entries = self.run_attached(closure, params={"p1": 4})
        self.assertEqual([event["type"] for event in run.status["events"]], ["ready", "started", "exited"])
        self.assertEqual((run.status["events"][2]["code"], run.status["rest"]), (0, ""))
        results = {}
        for entry in entries:
            if entry[2] == "result":
                results.update(entry[3])
        self.assertEqual(results, {"sum": 5, "forked": True})
        with open(os.path.join(self.run_directory, "output")) as file:
            self.assertEqual(file.read(), "parameter 4\n")
        sent = json.loads(self.calls()[0]["stdin"])
        self.assertEqual(sent, {"handler": "closure", "parameters": {"p1": 4}, "command": os.path.abspath(__file__)})
        self.assertIn("--attach", self.calls()[0]["arguments"])
        if open_before:
            self.assertEqual(set(os.listdir("/proc/self/fd")), open_before)

    def test_functions_without_a_file_of_their_own_are_attached(self):
        namespace = {}
        exec("def typed(context):\n    context.log_result('a', 1)", namespace)
        for function in (lambda context: context.log_result("a", 1), namespace["typed"]):
            self.assertIsNone(importable_place(function))
            run, _ = self.run_attached(function)
            self.assertEqual(run.status["events"][2]["code"], 0)
        # The file that is sent as their code is there only as long as the command runs.
        sent = [json.loads(call["stdin"])["command"] for call in self.calls()]
        self.assertEqual((sent[0], os.path.basename(sent[1]), os.path.exists(sent[1])), (os.path.abspath(__file__), "interactive.py", False))
        self.assertEqual(importable_place(train), (os.path.abspath(__file__), "train"))
        self.assertIsNone(importable_place(self.run_attached))
        self.assertIsNone(importable_place(functools.partial(train, 1)))
        self.assertIsNone(importable_place(contextlib.contextmanager(train)))

    def test_detach_is_refused_for_them(self):
        with self.assertRaisesRegex(ValueError, "detach"):
            run_local(handler=lambda context: None, detach=True)


class RunTest(CommandCase):
    def run_object(self, state="running"):
        self.answer(run={"stdout": record(state)})
        return run_local(command="training.py", watch=False, raise_on_failure=False)

    def test_wait_reads_until_the_run_has_ended(self):
        run = self.run_object()
        details = {"run": record("completed", results={"accuracy": 1}), "artifacts": [], "iterations": [record(iteration=1), record(iteration=2)]}
        self.answer(show=[{"stdout": {"run": record("running"), "artifacts": [], "iterations": []}}, {"stdout": details}])
        self.assertEqual(run.wait(timeout=20, interval=0.01).results, {"accuracy": 1})
        self.assertEqual([iteration.status["iteration"] for iteration in run.iterations], [1, 2])
        self.assertEqual(run.state, "completed")

    def test_wait_gives_up_after_its_timeout(self):
        run = self.run_object()
        self.answer(show={"stdout": {"run": record("running")}})
        with self.assertRaisesRegex(TimeoutError, "still running"):
            run.wait(timeout=0.1, interval=0.01)

    def test_logs_and_show_print(self):
        run = self.run_object("completed")
        self.answer(logs={"stdout": "line 1\nline 2\n"}, show={"stdout": "demo completed\n"})
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            run.logs(watch=True)
            self.assertIs(run.show(), run)
        self.assertEqual(printed.getvalue(), "line 1\nline 2\ndemo completed\n")
        self.assertEqual(self.calls()[1]["arguments"], ["logs", "a" * 32])


class DatabaseTest(CommandCase):
    def test_lists_are_shown_and_filtered(self):
        self.answer(ls={"stdout": {"runs": [record()], "next": None}}, artifacts={"stdout": {"artifacts": [{"key": "chart", "kind": "chart"}, {"key": "model"}]}})
        db = get_run_db("./").connect()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            db.list_runs("").show()
            self.assertEqual(len(db.list_artifacts("", tag="").show()), 2)
            self.assertEqual(len(db.list_artifacts("ch", tag="*").show()), 1)
        self.assertIn("demo", printed.getvalue())
        db.list_runs("it's", state="completed", labels={"a b": "c"}, limit=3)
        data = ["--data", os.path.join(self.work, ".trainyard")]
        self.assertEqual(
            [call["arguments"] for call in self.calls()],
            [
                ["ls", "--all", "--json", *data],
                ["artifacts", "ls", "--limit", "1000000", "--json", *data],
                ["artifacts", "ls", "--limit", "1000000", "--versions", "--json", *data],
                ["ls", "--filter", "name contains 'it\\'s' and state = 'completed' and labels.\"a b\" = 'c'", "--limit", "3", "--json", *data],
            ],
        )

    def test_completed_runs_are_deleted(self):
        self.answer(rm={"stdout": {"runs": [], "sizeBytes": 0}})
        get_run_db("./").connect().del_runs(state="completed", days_ago=7)
        self.assertEqual(self.calls()[0]["arguments"][:6], ["rm", "--state", "completed", "--older-than", "7d", "--yes"])

    def test_a_place_without_runs_has_empty_lists_and_no_run(self):
        self.answer(ls={"code": 3, "stderr": "error: no data directory"}, show={"code": 3, "stderr": "error: no run x"})
        db = get_run_db()
        self.assertEqual(db.list_runs(), [])
        with self.assertRaisesRegex(KeyError, "no run x"):
            db.read_run("x")

    def test_an_address_is_refused(self):
        with self.assertRaisesRegex(ValueError, "address"):
            get_run_db("http://localhost:8080")

    @needs("pandas")
    def test_a_list_becomes_a_frame(self):
        self.answer(ls={"stdout": {"runs": [record()]}})
        frame = get_run_db("./").list_runs().to_df()
        self.assertEqual((frame["results.accuracy"][0], frame["parameters.p1"][0]), (0.5, 5))


class AnswersTest(unittest.TestCase):
    def test_the_last_json_value_counts(self):
        self.assertEqual(last_object('printed by a script {\n{"a": 1}\n'), {"a": 1})
        self.assertEqual(last_object('text\n{\n  "a": {\n    "b": 1\n  }\n}\n'), {"a": {"b": 1}})
        self.assertEqual(last_object("text"), None)

    def test_the_last_error_sentence_counts(self):
        self.assertEqual(sentence_of("output\nerror: first\nmore\nerror: second\n"), "second")
        self.assertEqual(sentence_of("only output"), "only output")
        self.assertEqual(sentence_of(""), "")


if __name__ == "__main__":
    unittest.main()
