import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from run_support import RunTest, of_kind, read_journal, read_journals

from trainyard.journal import Journal


class JournalTest(RunTest):
    def test_lines_are_numbered_from_one_and_survive_closing(self):
        for mapped in (True, False):
            with self.subTest(mapped=mapped):
                journal = Journal(os.path.join(self.folder, str(mapped)), mapped)
                for number in range(5000):
                    journal.metric(b',"metric","loss",', number, number / 3)
                journal.append("label", {"a": "b" * 3_000_000})
                journal.append("problem", "é\ud800")
                path = journal.path
                journal.close()
                entries = read_journal(path)
                self.assertEqual([entry[0] for entry in entries], list(range(1, 5003)))
                self.assertEqual(entries[4999][3:], ["loss", 4999, 4999 / 3])
                with open(path, "rb") as file:
                    self.assertNotIn(b"\0", file.read())

    def test_what_was_logged_before_kill_9_is_in_the_journal(self):
        writer = self.write(
            "writer.py",
            """
            import os, sys
            from trainyard.journal import Journal
            journal = Journal(sys.argv[1], sys.argv[2] == "True")
            count = 0
            while True:
                journal.metric(b',"metric","loss",', count, 0.5)
                count += 1
                if count % 7 == 0:
                    os.write(1, b"%d\\n" % count)
            """,
        )
        for turn, mapped in enumerate((True, False) * 3):
            with self.subTest(turn=turn, mapped=mapped):
                directory = os.path.join(self.folder, "run%d" % turn)
                process = subprocess.Popen(
                    [sys.executable, writer, directory, str(mapped)], stdout=subprocess.PIPE, env=self.environment(), cwd=self.folder
                )
                wanted = 500 * 3**turn
                acknowledged = 0
                while acknowledged < wanted:
                    acknowledged = int(process.stdout.readline())
                process.kill()
                rest = process.stdout.read().split(b"\n")
                process.stdout.close()
                process.wait()
                acknowledged = max([acknowledged, *(int(line) for line in rest[:-1] if line)])
                entries = read_journals(directory)
                self.assertGreaterEqual(len(entries), acknowledged)
                self.assertEqual([entry[4] for entry in entries], list(range(len(entries))))

    def test_a_forked_process_goes_on_in_its_own_file(self):
        journal = Journal(self.folder)
        for number in range(200):
            journal.metric(b',"metric","parent",', number, 1)
        child = os.fork()
        if child == 0:
            try:
                for number in range(200):
                    journal.metric(b',"metric","child",', number, 2)
            finally:
                os._exit(0)
        for number in range(200, 300):
            journal.metric(b',"metric","parent",', number, 1)
        os.waitpid(child, 0)
        journal.close()
        files = [name for name in os.listdir(self.folder) if name.startswith("journal-")]
        self.assertEqual(len(files), 2)
        entries = read_journals(self.folder)
        self.assertEqual([entry[4] for entry in entries if entry[3] == "parent"], list(range(300)))
        self.assertEqual([entry[4] for entry in entries if entry[3] == "child"], list(range(200)))

    def test_a_process_forked_in_the_middle_of_a_log_call_has_lines_that_a_reader_takes(self):
        class Forking(float):
            def __repr__(self):
                children.append(os.fork())
                return "0.5"

        children = []
        journal = Journal(self.folder)
        for number in range(100):
            journal.metric(b',"metric","parent",', number, 1)
        try:
            journal.metric(b',"metric","both",', 0, Forking())
            if children == [0]:
                for number in range(200):
                    journal.metric(b',"metric","child",', number, 2)
        finally:
            if children == [0]:
                os._exit(0)
        journal.metric(b',"metric","parent",', 100, 1)
        os.waitpid(children[0], 0)
        journal.close()
        paths = [os.path.join(self.folder, name) for name in os.listdir(self.folder) if name.startswith("journal-")]
        self.assertEqual(len(paths), 2)
        for path in paths:
            sequences = [entry[0] for entry in read_journal(path)]
            self.assertEqual(sequences, sorted(set(sequences)))
        entries = read_journals(self.folder)
        self.assertEqual([entry[4] for entry in entries if entry[3] == "parent"], list(range(101)))
        self.assertEqual([entry[4] for entry in entries if entry[3] == "child"], list(range(200)))

    def test_threads_lose_and_double_nothing(self):
        journal = Journal(self.folder)

        def write(name):
            for number in range(3000):
                journal.metric(b',"metric","%d",' % name, number, 1)

        threads = [threading.Thread(target=write, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        journal.close()
        entries = read_journals(self.folder)
        self.assertEqual(len(entries), 18000)
        for name in range(6):
            self.assertEqual([entry[4] for entry in entries if entry[3] == str(name)], list(range(3000)))

    def test_a_signal_handler_may_log_in_the_middle_of_a_log_call(self):
        journal = Journal(self.folder)
        told = []

        def handler(number, frame):
            journal.append("problem", str(len(told)))
            told.append(number)

        previous = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
            until = time.monotonic() + 0.4
            count = 0
            while time.monotonic() < until:
                journal.metric(b',"metric","loss",', count, 1)
                count += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        journal.close()
        entries = read_journals(self.folder)
        self.assertGreater(len(told), 10)
        self.assertEqual(len(of_kind(entries, "problem")), len(told))
        self.assertEqual(sorted({entry[4] for entry in entries if entry[2] == "metric"}), list(range(count)))

    def test_an_unwritable_place_stops_nothing_and_is_retried(self):
        blocked = self.write("blocked", "not a folder")
        done = self.python(
            """
            import os, sys
            from trainyard.journal import Journal
            journal = Journal(os.path.join(sys.argv[1], "run"))
            for number in range(100):
                journal.metric(b',"metric","loss",', number, 1)
            os.remove(sys.argv[1])
            journal.close()
            """,
            blocked,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("cannot write to"), 1)
        self.assertEqual([entry[4] for entry in read_journals(os.path.join(blocked, "run"))], list(range(100)))

    def test_a_full_disk_stops_nothing_and_what_waited_is_written_when_there_is_room(self):
        for mapped in (True, False):
            with self.subTest(mapped=mapped):
                directory = os.path.join(self.folder, "full-%s" % mapped)
                done = self.python(
                    """
                    import os, resource, signal, sys
                    from trainyard.journal import Journal
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
                    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
                    journal = Journal(sys.argv[1], sys.argv[2] == "True")
                    for number in range(20000):
                        journal.metric(b',"metric","loss",', number, 1)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
                    journal.close()
                    """,
                    directory,
                    str(mapped),
                )
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stderr.count("cannot write to"), 1)
                self.assertEqual([entry[4] for entry in read_journals(directory)], list(range(20000)))


if __name__ == "__main__":
    unittest.main()
