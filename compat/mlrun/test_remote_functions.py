"""Functions that a server of their own runs, called by the official MLRun client and its own handler. MLRUN_DBPATH says where our server is."""

import json
import tempfile
import threading
import unittest
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import mlrun
from mlrun.runtimes.nuclio.nuclio import nuclio_jobs_handler


def train(context, p1=1):
    context.log_result("accuracy", p1 * 2)
    context.log_artifact("note", body=b"abc", local_path="note.txt")


def fails(context):
    raise ValueError("this went wrong")


class Requests(BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refuse = lambda body, content_type, status_code: body  # noqa: E731
        context = SimpleNamespace(globals={"train": train, "fails": fails}, Response=refuse, logger=mlrun.utils.logger)
        answer = nuclio_jobs_handler(context, SimpleNamespace(path=self.path, body=body)).encode()
        self.send_response(200)
        self.send_header("X-Nuclio-Logs", json.dumps([{"time": 1700000000000, "level": "info", "message": "hello from there"}]))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass


class RemoteFunctions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.project = f"remote-{uuid.uuid4().hex[:8]}"
        mlrun.new_project(cls.project, context=tempfile.mkdtemp())
        cls.db = mlrun.get_run_db()
        cls.function = mlrun.new_function("there", command=f"http://127.0.0.1:{cls.server.server_port}", kind="remote", project=cls.project)

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()

    def test_a_run_is_sent_and_its_record_is_here(self):
        run = self.function.run(handler="train", params={"p1": 5})
        self.assertEqual(run.state(), "completed")
        self.assertEqual(run.outputs["accuracy"], 10)
        self.assertEqual(run.artifact("note").get(), b"abc")
        self.assertIn(b"hello from there", self.db.get_log(run.metadata.uid, self.project)[1])

    def test_a_run_that_fails_says_why(self):
        with self.assertRaises(mlrun.runtimes.utils.RunError) as caught:
            self.function.run(handler="fails")
        self.assertIn("this went wrong", str(caught.exception))

    def test_hyper_parameters(self):
        task = mlrun.new_task("grid", handler="train").with_hyper_params({"p1": [1, 3, 2]}, selector="max.accuracy")
        run = self.function.run(task)
        self.assertEqual(run.outputs["best_iteration"], 2)
        self.assertEqual(run.outputs["accuracy"], 6)


if __name__ == "__main__":
    unittest.main()
