"""Measures the Python side: import time, one log call, a million of them, one warm iteration against a bare fork.

Prints JSON rows `{name, value, unit, baseline}`; each baseline is measured in the same run. `--points N` shortens the long one.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
package = os.path.join(os.path.dirname(here), "python")
sys.path.insert(0, package)


def import_times():
    """Wall time of `python -c ...` with and without our import, alternating so that both see the same machine."""
    environment = {**os.environ, "PYTHONPATH": package}
    codes = {"bare": "import json, os, sys, time", "package": "import json, os, sys, time, trainyard", "harness": "import trainyard.harness, trainyard.session"}
    taken = {name: [] for name in codes}
    for _ in range(15):
        for name, code in codes.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], env=environment, check=True)
            taken[name].append((time.perf_counter() - began) * 1000)
    best = {name: min(times) for name, times in taken.items()}
    yield row("import trainyard", best["package"], "ms", best["bare"])
    yield row("import trainyard.harness", best["harness"], "ms", best["bare"])


def row(name, value, unit, baseline):
    return {"name": name, "value": round(value, 3), "unit": unit, "baseline": round(baseline, 3)}


def log_calls(points):
    import trainyard

    context = trainyard.get_or_create_ctx("bench")
    values = [0.1234567 + number for number in range(1000)]
    for number in range(2000):
        context.log_metric("loss", values[number % 1000], step=number)
    single, bare = [], []
    for number in range(20000):
        value = values[number % 1000]
        began = time.perf_counter_ns()
        context.log_metric("loss", value, step=number)
        middle = time.perf_counter_ns()
        '[%d,"loss",%d,%r]' % (number, number, value)
        single.append(middle - began)
        bare.append(time.perf_counter_ns() - middle)
    # The baseline is the least that any text format costs: formatting the line.
    yield {**row("log_metric, median", statistics.median(single) / 1000, "us", statistics.median(bare) / 1000), "budget": 5}

    began = time.perf_counter()
    for number in range(points):
        context.log_metric("accuracy", values[number % 1000], step=number)
    took = time.perf_counter() - began
    began = time.perf_counter()
    for number in range(points):
        '[%d,"accuracy",%d,%r]' % (number, number, values[number % 1000])
    yield {**row("log_metric, %d points" % points, took, "s", time.perf_counter() - began), "budget": 3 * points / 1_000_000}
    context.commit("measured")


def warm_iterations(folder, count):
    """One iteration in a warm worker, from the command on its pipe to the `exited` event, against a bare fork and wait of this very process,
    with what is importable of the usual packages. Everything the worker does between is in it; both alternate."""
    for name in ("numpy", "pandas", "sklearn", "xgboost"):
        try:
            __import__(name)
        except ImportError:
            sys.stderr.write("%s is not installed; measured without it\n" % name)
    script = os.path.join(folder, "warm_training.py")
    with open(script, "w") as file:
        file.write("def handler(context, i: int):\n    context.log_result('accuracy', i)\n")
    from trainyard import warm

    control, commands = os.pipe()
    events, told = os.pipe()
    worker = warm.Worker(control, told, None)

    def send(command):
        os.write(commands, json.dumps(command).encode() + b"\n")
        worker.turn()

    send({"type": "load", "script": script, "handler": "handler", "workingDirectory": folder})
    os.read(events, 1 << 16)

    def bare():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    def warm_iteration(spec):
        send({"type": "start", "job": spec})
        while worker.children:
            worker.turn()

    taken = {"bare": [], "warm": []}
    for number in range(count):
        spec = job(folder, script, number)
        began = time.perf_counter(), cpu_seconds()
        bare()
        middle = time.perf_counter(), cpu_seconds()
        warm_iteration(spec)
        end = time.perf_counter(), cpu_seconds()
        taken["bare"].append((middle[0] - began[0], middle[1] - began[1]))
        taken["warm"].append((end[0] - middle[0], end[1] - middle[1]))
        exited = json.loads(os.read(events, 1 << 16).splitlines()[-1])
        if exited.get("code") != 0:
            sys.exit("the iteration failed: %s" % exited)
    for index, what in enumerate(("command to reaped", "CPU time")):
        values = {name: statistics.median(each[index] for each in times) * 1000 for name, times in taken.items()}
        yield {**row("warm iteration, " + what, values["warm"], "ms", values["bare"]), "budget": round(1.3 * values["bare"], 3)}


def job(folder, script, number):
    from trainyard.ids import new_run_id

    run_id = new_run_id()
    directory = os.path.join(folder, "runs", run_id)
    os.makedirs(directory)
    run = {"id": run_id, "name": "bench", "project": "default", "experiment": "", "iteration": number, "attempt": 1, "labels": {}}
    return {"run": run, "script": script, "handler": "handler", "arguments": [], "parameters": {"i": number}, "inputs": {}, "secrets": {},
            "outPath": os.path.join(folder, "artifacts", run_id), "runDirectory": directory}  # fmt: skip


def cpu_seconds():
    """CPU time of this process and of the children it has waited for: what a shared machine disturbs least."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--iterations", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trainyard-bench-") as folder:
        os.environ["TRAINYARD_HOME"] = os.path.join(folder, "home")
        for rows in (import_times(), log_calls(options.points), warm_iterations(folder, options.iterations)):
            for each in rows:
                print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
