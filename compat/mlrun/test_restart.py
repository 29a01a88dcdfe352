"""A server that dies and comes back while a job of the official MLRun client is at work."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest

CODE = """
import os
import time


def waits(context, gate: str = ""):
    print("it began", flush=True)
    context.log_result("before", 1)
    context.commit()
    while not os.path.exists(gate):
        time.sleep(0.1)
    print("it goes on", flush=True)
    context.log_result("after", 2)
    context.log_artifact("note", body="kept", local_path="note.txt")


def counts(context, path: str = ""):
    with open(path, "a") as file:
        file.write("x")
    context.log_result("done", 1)
"""


class Server:
    """One data directory and one address; the process changes."""

    def __init__(self, folder):
        self.data = os.path.join(folder, "data")
        self.port = "0"
        self.start()

    def start(self):
        words = [*os.environ["TRAINYARD_PROGRAM"].split(), "up", "--data", self.data, "--port", self.port, "--json", "--no-open", "--job-cpus", "1"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        told = ""
        for line in self.process.stdout:
            told += line
            if line.startswith("}"):
                break
        self.url = json.loads(told)["url"]
        self.port = self.url.rsplit(":", 1)[1]
        # What it says later is nobody's; it must not wait for a reader.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()


def wait_for(condition, seconds=180):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError("nothing of the kind within the time")


class Restart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server = Server(self.folder)
        self.addCleanup(lambda: self.server.end(signal.SIGTERM))
        os.environ["MLRUN_DBPATH"] = self.server.url
        import mlrun

        self.project = mlrun.new_project("restart", context=self.folder)
        self.db = mlrun.get_run_db()
        path = os.path.join(self.folder, "training.py")
        with open(path, "w") as file:
            file.write(CODE)
        self.function = mlrun.code_to_function("train", project="restart", filename=path, kind="job", image="mlrun/mlrun")

    def test_a_job_at_work_and_one_that_waits_are_seen_through_by_the_next_server(self):
        gate, counted = os.path.join(self.folder, "gate"), os.path.join(self.folder, "counted")
        run = self.function.run(handler="waits", params={"gate": gate}, watch=False)
        waiting = self.function.run(handler="counts", params={"path": counted}, watch=False)
        wait_for(lambda: b"it began" in self.db.get_log(run.metadata.uid, "restart")[1])
        self.server.end(signal.SIGKILL)
        self.server.start()
        self.assertEqual(self.db.read_run(run.metadata.uid, "restart")["status"]["state"], "running")
        with open(gate, "w"):
            pass
        for each in (run, waiting):
            each.wait_for_completion(sleep=1, timeout=180)
            self.assertEqual(each.state(), "completed")
        stored = self.db.read_run(run.metadata.uid, "restart")["status"]
        self.assertEqual(stored["results"], {"before": 1, "after": 2}, stored)
        self.assertEqual([run.outputs["before"], run.outputs["after"]], [1, 2])
        self.assertEqual(run.artifact("note").get(), b"kept")
        log = self.db.get_log(run.metadata.uid, "restart")[1].decode()
        self.assertEqual([log.count(line) for line in ("it began", "it goes on")], [1, 1])
        with open(counted) as file:
            self.assertEqual(file.read(), "x")


if __name__ == "__main__":
    unittest.main()
