import json
import os
import signal
import subprocess
import sys
import time
import unittest

from run_support import PACKAGE_FOLDER, RunTest, read_journals


class ScriptTest(RunTest):
    def test_a_script_without_any_call_is_tracked_and_sees_what_plain_python_shows(self):
        text = """
        import os, sys
        print(__name__, sys.argv, sys.path[0], os.getcwd(), __file__)
        print(sorted(name for name in globals() if name != '__cached__'))
        print([name for name in sys.modules if name.startswith('trainyard.') and name.split('.')[1] in ('context', 'values', 'inputs')])
        print(os.environ.get('TRAINYARD_CONTROL_FD'), __spec__, __package__)
        """
        done = self.run_file(text, arguments=["a", "--b"])
        self.assertEqual(done.code, 0, done.errors)
        plain = subprocess.run(
            [sys.executable, done.spec["script"], "a", "--b"],
            cwd=self.folder, env=self.environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.assertEqual(done.output, plain.stdout)
        self.assertEqual(done.end, {"outcome": "completed"})
        start = done.of("start")[0]
        self.assertEqual(start["source"]["file"], done.spec["script"])
        self.assertEqual(start["interpreter"]["executable"], sys.executable)

    def test_exit_codes_and_error_output_are_those_of_plain_python(self):
        endings = {
            "pass": ("completed", None),
            "raise ValueError('boo')": ("failed", "ValueError"),
            "def f(): g()\ndef g(): return 1 / 0\nf()": ("failed", "ZeroDivisionError"),
            "try:\n  int('x')\nexcept ValueError as error:\n  raise RuntimeError('again') from error": ("failed", "RuntimeError"),
            "import sys; sys.exit(3)": ("failed", "SystemExit"),
            "import sys; sys.exit(0)": ("completed", None),
            "import sys; sys.exit()": ("completed", None),
            "import sys; sys.exit('no data')": ("failed", "SystemExit"),
            "raise KeyboardInterrupt": ("aborted", "KeyboardInterrupt"),
            "import sys; sys.excepthook = lambda *about: print('mine', about[0].__name__); raise OSError": ("failed", "OSError"),
            "import threading; threading.Thread(target=lambda: print('thread')).start(); import sys; sys.exit(2)": ("failed", "SystemExit"),
            "import atexit; atexit.register(print, 'bye')": ("completed", None),
            "import sys; sys.stdout.close()": ("completed", None),
            "import os; os._exit(7)": (None, None),
            "import os; os.kill(os.getpid(), 9)": (None, None),
        }
        for text, (outcome, kind) in endings.items():
            with self.subTest(text):
                done = self.run_file(text)
                plain = subprocess.run(
                    [sys.executable, done.spec["script"]], cwd=self.folder, env=self.environment(), capture_output=True, text=True, check=False
                )
                self.assertEqual((done.code, done.output), (plain.returncode, plain.stdout))
                self.assertEqual(done.errors, plain.stderr)
                self.assertNotIn("harness", done.errors)
                self.assertEqual(done.end and done.end["outcome"], outcome)
                self.assertEqual(done.end and done.end.get("error", {}).get("type"), kind)
                if kind not in (None, "SystemExit", "KeyboardInterrupt"):
                    self.assertNotIn(PACKAGE_FOLDER, done.end["error"]["traceback"])

    def test_a_syntax_error_is_told_with_file_and_line(self):
        done = self.run_file("x = 1\ny = = 2\n")
        self.assertEqual(done.code, 2)
        self.assertEqual(done.end["error"]["type"], "syntax_error")
        self.assertIn("training.py:2: ", done.end["error"]["message"])
        self.assertIn("y = = 2", done.errors)

    def test_a_missing_script_and_a_folder_are_told(self):
        for path in (os.path.join(self.folder, "nowhere.py"), self.folder):
            done = self.run_spec(self.spec(path))
            self.assertEqual((done.code, done.end["error"]["type"]), (2, "missing_script"))
            self.assertEqual(len(done.end["error"]["message"].splitlines()), 1)
            self.assertEqual(done.errors, "", "the supervisor tells it, once")

    def test_a_missing_package_is_named_with_how_to_add_it(self):
        done = self.run_file("import no_such_package_here.part\n")
        self.assertEqual((done.code, done.end["error"]["type"]), (1, "ModuleNotFoundError"))
        self.assertIn("no_such_package_here", done.end["error"]["message"])
        self.assertIn("pip install no_such_package_here", done.end["error"]["message"])

    def test_sigterm_runs_finally_blocks_and_records_aborted(self):
        script = self.write("training.py", """
            import time
            try:
                print('ready', flush=True)
                time.sleep(60)
            finally:
                print('cleaned', flush=True)
            """)  # fmt: skip
        spec = self.spec(script)
        with self.harness(spec) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=30)
        self.assertEqual((output, errors, process.returncode), ("cleaned\n", "", -signal.SIGTERM))
        self.assertEqual(read_journals(spec["runDirectory"])[-1][3], {"outcome": "aborted"})

    def test_sigterm_to_a_forked_child_ends_it_as_always(self):
        done = self.run_file("""
            import os, signal, time
            child = os.fork()
            if child == 0:
                time.sleep(60)
            time.sleep(0.2)
            os.kill(child, signal.SIGTERM)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """)
        self.assertEqual((done.output, done.end), ("-15\n", {"outcome": "completed"}))

    def test_processes_started_by_the_script_inherit_no_descriptor_and_log_to_the_same_run(self):
        done = self.run_file("""
            import os, subprocess, sys
            import trainyard
            context = trainyard.get_or_create_ctx('ignored')
            context.log_metric('parent', 1)
            code = ("import os, trainyard; c = trainyard.get_or_create_ctx('x'); c.log_metric('child', 2);"
                    "print(c.get_param('p1', 0), sorted(os.listdir('/proc/self/fd'))[:5] if os.path.exists('/proc/self/fd') else '')")
            subprocess.run([sys.executable, '-c', code], check=True, close_fds=False)
            pid = os.fork()
            if pid == 0:
                context.log_metric('forked', 3)
                sys.exit(5)
            os.waitpid(pid, 0)
            """, parameters={"p1": 5})
        self.assertEqual(done.code, 0, done.errors)
        self.assertTrue(done.output.startswith("5 "), done.output)
        self.assertEqual({entry[0] for entry in done.of("metric")}, {"parent", "child", "forked"})
        self.assertEqual(len(done.of("end")), 1)
        self.assertEqual(len(done.of("start")), 1)

    @unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
    def test_a_forked_process_dies_of_sigterm_however_early_it_comes(self):
        done = self.run_file(
            """
            import os, signal
            ends = []
            for _ in range(200):
                pid = os.fork()
                if pid == 0:
                    signal.pause()
                os.kill(pid, signal.SIGTERM)
                ends.append(os.waitpid(pid, 0)[1])
            print(set(ends) == {signal.SIGTERM})
            """
        )
        self.assertEqual((done.code, done.output), (0, "True\n"), done.errors)

    def test_multiprocessing_works_with_fork_and_spawn(self):
        for method in ("fork", "spawn"):
            done = self.run_file("""
                import multiprocessing, sys
                def square(x): return x * x
                if __name__ == '__main__':
                    with multiprocessing.get_context('%s').Pool(2) as pool:
                        print(pool.map(square, [1, 2, 3]))
                """ % method)
            self.assertEqual((done.code, done.output), (0, "[1, 4, 9]\n"), done.errors)

    def test_secrets_reach_the_script_and_nothing_else(self):
        done = self.run_file("""
            import os, trainyard
            context = trainyard.get_or_create_ctx()
            print(context.get_secret('KEY'), 'hunter2' in str(os.environ), context.get_secret('NONE'))
            """, secrets={"KEY": "hunter2"})
        self.assertEqual(done.output, "hunter2 False None\n")
        self.assertNotIn("hunter2", json.dumps(done.entries))

    def test_autolog_without_mlflow_is_a_problem_and_the_run_goes_on(self):
        self.write("sitecustomize.py", "import sys; sys.modules['mlflow'] = None")
        done = self.run_spec(self.spec(self.write("training.py", "print('went on')"), autolog=True), PYTHONPATH=self.folder + ":" + PACKAGE_FOLDER)
        self.assertEqual((done.code, done.output), (0, "went on\n"))
        self.assertIn("mlflow", done.of("problem")[0])

    def test_set_state_failed_fails_a_run_that_ends_well(self):
        done = self.run_file("import trainyard; trainyard.get_or_create_ctx().set_state('failed', error='bad data')")
        self.assertEqual((done.code, done.end), (0, {"outcome": "failed", "error": {"type": "SetState", "message": "bad data"}}))

    def test_output_is_shown_line_by_line(self):
        spec = self.spec(self.write("training.py", "import time; print('one'); time.sleep(60)"))
        with self.harness(spec) as process:
            began = time.monotonic()
            self.assertEqual(process.stdout.readline(), "one\n")
            self.assertLess(time.monotonic() - began, 30)

    def test_without_a_supervisor_it_says_how_it_is_started(self):
        done = subprocess.run([sys.executable, "-m", "trainyard.harness"], env=self.environment(), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("trainyard run", done.stderr)


HANDLERS = """
    from __future__ import annotations
    import enum, pathlib, typing
    from trainyard import Context

    class Color(enum.Enum):
        RED = 'red'

    def train(context, p1: int = 1, p2='x', *, flag: bool | None = None, items: list[int] = (), version: str = 'v'):
        print(p1, repr(p2), flag, items, repr(version))
        context.log_result('accuracy', p1 * 2)

    def typed(run: Context, color: Color, where: pathlib.Path, either: typing.Union[int, str], rate: float):
        print(run.name, color, where, repr(either), repr(rate))

    def open_ended(context, **everything): print(sorted(everything.items()))
    def needs(dataset, other, third=3): pass
    def reads(context, dataset, again: str): print(open(dataset).read(), again)
    def gives(): return {'accuracy': 0.5, 'loss': 1}
    async def later(context): return 0.25
    def _hidden(): pass
    def raises(x): raise RuntimeError(x)
    class Trainer:
        def __init__(self, depth=1): self.depth = depth
        def fit(self, context, rate: float): context.log_result('sum', self.depth + rate)
    """


class HandlerTest(RunTest):
    def run_handler(self, handler, parameters=None, **more):
        return self.run_file(HANDLERS, handler, parameters=parameters or {}, **more)

    def test_parameters_come_by_name_and_are_converted_by_type_hints(self):
        done = self.run_handler(
            "train", {"p1": "5", "flag": "true", "items": "[1, 2]", "version": 1.1}, parameterTexts={"version": "1.10", "p1": "5"}
        )
        self.assertEqual((done.code, done.output), (0, "5 'x' True [1, 2] '1.10'\n"), done.errors)
        self.assertEqual(done.of("param"), [{"p2": "x"}])
        self.assertEqual(done.of("result"), [{"accuracy": 10}])

    def test_hints_of_many_kinds_and_a_context_by_annotation(self):
        done = self.run_handler("typed", {"color": "red", "where": "a/b", "either": "7x", "rate": 3})
        self.assertEqual(done.output, "train Color.RED a/b '7x' 3.0\n", done.errors)

    def test_a_value_that_does_not_fit_is_refused_in_one_sentence(self):
        done = self.run_handler("train", {"p1": "abc"})
        self.assertEqual((done.code, done.output), (2, ""))
        self.assertEqual(done.end["error"], {"type": "invalid_parameter", "message": 'parameter "p1" must be a whole number (int); got "abc"'})

    def test_unknown_and_missing_parameters_are_named(self):
        unknown = self.run_handler("train", {"verson": 1}).end["error"]["message"]
        self.assertIn('no parameter "verson"; did you mean "version"?', unknown)
        missing = self.run_handler("needs", {"other": 1}).end["error"]["message"]
        self.assertIn('needs the parameter "dataset"', missing)
        self.assertNotIn('"other"', missing)
        self.assertEqual(self.run_handler("open_ended", {"a": 1, "b": "x"}).output, "[('a', 1), ('b', 'x')]\n")

    def test_a_missing_handler_lists_those_there_are_nearest_first(self):
        done = self.run_handler("raise")
        self.assertEqual((done.code, done.end["error"]["type"]), (2, "missing_handler"))
        self.assertIn("it has: raises, train, typed", done.end["error"]["message"])
        self.assertNotIn("_hidden", done.end["error"]["message"])
        self.assertNotIn("Context", done.end["error"]["message"])

    def test_inputs_become_arguments(self):
        path = self.write("data.csv", "a,b")
        inputs = {"dataset": {"url": path}, "again": {"url": "s3://bucket/data.csv", "path": path}}
        done = self.run_handler("reads", inputs=inputs)
        self.assertEqual(done.output, "a,b %s\n" % path, done.errors)
        self.assertEqual({entry["key"]: entry["url"] for entry in done.of("input")}, {"dataset": path, "again": "s3://bucket/data.csv"})

    def test_what_a_handler_returns_is_logged(self):
        self.assertEqual(self.run_handler("gives").of("result"), [{"accuracy": 0.5, "loss": 1}])
        self.assertEqual(self.run_handler("gives", returns=["all:result"]).of("result")[0].keys(), {"all"})
        self.assertEqual(self.run_handler("later").of("result"), [{"return": 0.25}])

    def test_methods_of_classes_are_handlers(self):
        self.assertEqual(self.run_handler("Trainer::fit", {"depth": 4, "rate": "0.5"}).of("result"), [{"sum": 4.5}])

    def test_a_handler_that_raises_shows_only_its_own_frames(self):
        done = self.run_handler("raises", {"x": "boo"})
        self.assertEqual(done.code, 1)
        self.assertEqual(done.errors.count("  File "), 1)
        self.assertEqual(done.end["error"]["message"], "boo")

    def test_an_import_that_fails_is_the_users_error(self):
        done = self.run_file("import no_such_package_here\ndef train(): pass\n", "train")
        self.assertEqual((done.code, done.end["error"]["type"]), (1, "ModuleNotFoundError"))

    def test_a_class_of_the_file_can_be_pickled(self):
        done = self.run_file("""
            import pickle
            class Model: pass
            def train(context): print(type(pickle.loads(pickle.dumps(Model()))).__name__)
            """, "train")
        self.assertEqual(done.output, "Model\n", done.errors)


if __name__ == "__main__":
    unittest.main()
