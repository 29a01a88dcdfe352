import os
import sys
import unittest

from run_support import RunTest, of_kind, read_journals

import trainyard


class BareTest(RunTest):
    def runs(self, home=None):
        folder = os.path.join(home or os.path.join(self.folder, ".trainyard"), "runs")
        return [read_journals(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]

    def test_a_plain_script_begins_a_run_of_its_own_in_a_directory_it_names(self):
        done = self.python("""
            import trainyard
            context = trainyard.get_or_create_ctx('train', labels={'a': 'b'})
            context.log_metric('loss', 0.5)
            assert trainyard.get_or_create_ctx('other') is context
            print(context.out_path, context.get_param('p', 3))
            """, "--flag")
        self.assertEqual(done.returncode, 0, done.stderr)
        home = os.path.join(self.folder, ".trainyard")
        self.assertEqual(done.stderr, "trainyard: made the data directory %s\n" % home)
        (entries,) = self.runs()
        run = entries[0][3]["run"]
        self.assertEqual((run["name"], run["project"], len(run["id"])), ("train", "default", 32))
        self.assertEqual(done.stdout, "%s 3\n" % os.path.join(home, "artifacts", "default", run["id"]))
        self.assertEqual(entries[0][3]["source"], {"arguments": ["--flag"], "workingDirectory": self.folder, "file": os.path.join(self.folder, "plain.py")})
        self.assertEqual([entry[2] for entry in entries], ["start", "label", "metric", "param", "end"])
        self.assertEqual(entries[-1][3], {"outcome": "completed"})

    def test_the_data_directory_is_the_environments_or_the_nearest_upwards(self):
        inner = os.path.join(self.folder, "a", "b")
        os.makedirs(inner)
        os.makedirs(os.path.join(self.folder, ".trainyard"))
        text = "import os, sys, trainyard; os.chdir(%r); trainyard.get_or_create_ctx('x')" % inner
        self.assertEqual(self.python(text).stderr, "")
        self.assertEqual(len(self.runs()), 1)
        self.python(text, TRAINYARD_HOME="elsewhere")
        self.assertEqual(len(self.runs(os.path.join(inner, "elsewhere"))), 1)

    def test_how_the_process_ends_is_how_the_run_ends(self):
        endings = [
            ("raise ValueError('boo')", 1, "failed", "ValueError"),
            ("sys.exit(3)", 3, "failed", "SystemExit"),
            ("sys.exit()", 0, "completed", None),
            ("raise KeyboardInterrupt", -2, "aborted", "KeyboardInterrupt"),
            ("try:\n    sys.exit(3)\nexcept SystemExit:\n    context.log_metric('a', 1)", 0, "completed", None),
            ("context.set_state('failed')", 0, "failed", "SetState"),
        ]
        for number, (text, code, outcome, kind) in enumerate(endings):
            with self.subTest(text):
                home = os.path.join(self.folder, str(number))
                done = self.python("import sys, trainyard\ncontext = trainyard.get_or_create_ctx('x')\n" + text, TRAINYARD_HOME=home)
                self.assertEqual(done.returncode, code)
                end = self.runs(home)[0][-1]
                self.assertEqual((end[2], end[3]["outcome"], end[3].get("error", {}).get("type")), ("end", outcome, kind))
                self.assertEqual("boo" in done.stderr, "boo" in text)

    def test_commit_ends_the_run_and_the_next_context_begins_another(self):
        done = self.python("""
            import trainyard
            first = trainyard.get_or_create_ctx('first')
            first.commit('so far', completed=False)
            first.commit('done')
            second = trainyard.get_or_create_ctx('second')
            second.log_result('x', 1)
            print(first.state, second.state, first.uid < second.uid)
            """)
        self.assertEqual(done.stdout, "completed running True\n", done.stderr)
        first, second = self.runs()
        self.assertEqual([entry[2] for entry in first], ["start", "commit", "commit", "end"])
        self.assertEqual(of_kind(second, "result"), [{"x": 1}])

    def test_processes_started_by_a_bare_run_log_to_it(self):
        self.python("""
            import subprocess, sys, trainyard
            trainyard.get_or_create_ctx('parent')
            subprocess.run([sys.executable, '-c', "import trainyard; trainyard.get_or_create_ctx('child').log_metric('m', 1)"], check=True)
            """)
        (entries,) = self.runs()
        self.assertEqual(of_kind(entries, "metric"), [["m", 0, 1]])
        self.assertEqual(len(of_kind(entries, "end")), 1)

    def test_an_unusable_data_directory_stops_nothing(self):
        self.write("blocked", "")
        done = self.python("""
            import trainyard
            context = trainyard.get_or_create_ctx('x')
            context.log_metric('m', 0.5)
            context.log_artifact('a', body=b'x')
            print('went on')
            """, TRAINYARD_HOME="blocked")
        self.assertEqual((done.returncode, done.stdout), (0, "went on\n"), done.stderr)
        self.assertIn("cannot use the data directory", done.stderr)
        self.assertNotIn("Traceback", done.stderr)


class PackageTest(unittest.TestCase):
    def test_every_public_name_is_there(self):
        for name in trainyard.__all__:
            self.assertIsNotNone(getattr(trainyard, name))

    def test_a_misspelt_name_is_refused_with_the_nearest_right_one(self):
        with self.assertRaisesRegex(AttributeError, "did you mean 'get_or_create_ctx'"):
            trainyard.get_or_create_context  # noqa: B018
        with self.assertRaisesRegex(TypeError, "did you mean 'project'"):
            trainyard.get_or_create_ctx("x", projekt="y")
        self.assertIn("sys", sys.modules)


if __name__ == "__main__":
    unittest.main()
