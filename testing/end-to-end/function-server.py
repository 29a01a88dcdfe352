"""A server of functions such as Nuclio's processor: it hands each request to the handler that the seed shows."""
import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen = []


class Logger:
    def __init__(self):
        self.entries = []

    def info(self, message, **more):
        self.entries.append({"time": time.time() * 1000, "level": "info", "message": message, **more})


def train(context, run):
    parameters = run["spec"]["parameters"]
    context.info("training", p1=parameters.get("p1"))
    status = run["status"]
    status["state"] = "completed"
    status["results"] = {"accuracy": parameters.get("p1", 1) * 2, "note": "done"}
    # Told twice, and in a bucket that the caller cannot read: recorded once.
    status["artifacts"] = [{"key": "model", "kind": "model", "target_path": "s3://bucket/model.txt"}] * 2
    run["spec"]["parameters"]["p2"] = "a default"
    run["metadata"]["labels"]["framework"] = "xgboost"
    return run


def fail(context, run):
    run["status"]["state"] = "error"
    run["status"]["error"] = "division by zero, with " + run["spec"].get("secret_sources", [{}])[0].get("source", {}).get("key", "")
    return run


def log_too(run):
    """As a handler does that logs to the server while it works, with a client of its own."""
    address = run["spec"]["parameters"]["server"]
    for key, value in (("accuracy", 10), ("loss", 0.5)):
        point = {"run_id": run["metadata"]["uid"], "key": key, "value": value, "timestamp": 1, "step": 0}
        request = urllib.request.Request(address + "/api/2.0/mlflow/runs/log-metric", json.dumps(point).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()
    return {"kind": "run", "metadata": {}, "status": {"results": {"accuracy": 10, "loss": 0.25, "unknown": float("nan"), "highest": float("inf"), "lowest": float("-inf"), "note": "NaN"}}}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.answer()

    def do_PUT(self):
        self.answer()

    def answer(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        run = json.loads(body)
        path = self.path.strip("/")
        if path == "only-put" and self.command == "POST":
            return self.reply(405, "no")
        seen.append({"method": self.command, "path": self.path, "run": run, "headers": dict(self.headers)})
        print(json.dumps(seen[-1]), flush=True)
        if path == "wait":
            time.sleep(600)
        if path == "break":
            return self.connection.close()
        if path == "redirect":
            return self.reply(302, "", {"Location": "/elsewhere"})
        if path == "words":
            return self.reply(200, "hello")
        if path == "list":
            return self.reply(200, "[1, 2]")
        if path == "nothing":
            return self.reply(200, "")
        if path == "broken":
            return self.reply(500, "Traceback: KeyError")
        if path == "flaky" and len(seen) == 1:
            return self.reply(503, "busy")
        if path == "log-too":
            return self.reply(200, json.dumps(log_too(run)))
        logger = Logger()
        answered = (fail if path == "fail" else train)(logger, run)
        self.reply(200, json.dumps(answered), {"X-Nuclio-Logs": json.dumps(logger.entries)})

    def reply(self, status, text, headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
