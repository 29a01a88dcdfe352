"""Figures through the official MLRun client: MLRUN_DBPATH says where the server is. Not a test: it prints and refuses nothing."""

import concurrent.futures
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid

import mlrun

COUNT = int(os.environ.get("RUNS", "10000"))


def fill(project):
    def one(number):
        uid = uuid.uuid4().hex
        run = {
            "metadata": {"name": f"train-{number % 50}", "uid": uid, "project": project, "labels": {"kind": "local", "owner": "ada"}},
            "spec": {"parameters": {"eta": number / 100, "depth": number % 7}},
            "status": {"state": "completed", "results": {"accuracy": number / COUNT, "loss": 1 / (number + 1)}},
        }
        url = f"{os.environ['MLRUN_DBPATH']}/api/v1/projects/{project}/runs/{uid}"
        request = urllib.request.Request(url, data=json.dumps(run).encode(), method="POST")
        urllib.request.urlopen(request).read()

    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(COUNT)))
    print(f"measured: {COUNT / (time.perf_counter() - started):.0f} runs stored per second")


def listing(project):
    database = mlrun.get_run_db()
    for label, options in (("all", {"name": "~train"}), ("newest of each name", {})):
        times = []
        for _ in range(4):
            started = time.perf_counter()
            found = database.list_runs(project=project, **options)
            times.append(time.perf_counter() - started)
        print(f"measured: list_runs, {label}: {len(found)} runs in {min(times):.2f} s")


def importing():
    for label, environment in (("with this server", {}), ("without any", {"MLRUN_DBPATH": ""})):
        times = []
        for _ in range(3):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-W", "ignore", "-c", "import mlrun"], check=True, env={**os.environ, **environment})
            times.append(time.perf_counter() - started)
        print(f"measured: import mlrun {label}: {min(times):.2f} s")


project = f"measure-{uuid.uuid4().hex[:6]}"
fill(project)
listing(project)
importing()
