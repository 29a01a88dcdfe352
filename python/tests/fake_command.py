"""Stands in for the trainyard command in tests of what it is given: writes its arguments and stdin to a file, answers with a record."""

import json
import os
import signal
import sys
import time

given = sys.stdin.read() if "--task" in sys.argv else ""
with open(os.environ["FAKE_LOG"], "a", encoding="utf-8") as log:
    log.write(json.dumps({"arguments": sys.argv[1:], "stdin": given, "directory": os.getcwd()}) + "\n")

if "--attach" in sys.argv:
    # The real command's side of an attached worker, for one run.
    control, events = map(int, sys.argv[sys.argv.index("--attach") + 1].split(","))
    task = json.loads(given)
    directory = os.environ["FAKE_RUN_DIRECTORY"]
    run = {"id": "b" * 32, "name": "attached", "project": "default", "experiment": "", "iteration": 0, "attempt": 1, "labels": {}}
    job = {
        "run": run, "script": "", "handler": task["handler"], "arguments": [], "parameters": task.get("parameters", {}), "inputs": {},
        "secrets": {}, "outPath": directory, "runDirectory": directory,
    }  # fmt: skip
    told = os.fdopen(events)
    ready = json.loads(told.readline())
    os.write(control, json.dumps({"type": "start", "job": job}).encode() + b"\n")
    started, exited = json.loads(told.readline()), json.loads(told.readline())
    os.close(control)
    rest = told.read()
    record = {"id": "b" * 32, "name": "attached", "state": "completed", "results": {}, "events": [ready, started, exited], "rest": rest}
    print(json.dumps(record))
    sys.exit(0)

with open(os.environ["FAKE_ANSWERS"], encoding="utf-8") as file:
    answers = json.load(file)
answer = answers.get(sys.argv[1], {})
if isinstance(answer, list):
    # One answer per call of this command, the last one for all further calls.
    with open(os.environ["FAKE_LOG"], encoding="utf-8") as log:
        calls = sum(json.loads(line)["arguments"][0] == sys.argv[1] for line in log)
    answer = answer[min(calls, len(answer)) - 1]
if "until" in answer:
    # Still at it until another command has been asked so often.
    command, count = answer["until"]
    while count > 0:
        time.sleep(0.02)
        with open(os.environ["FAKE_LOG"], encoding="utf-8") as log:
            count = answer["until"][1] - sum(json.loads(line)["arguments"][0] == command for line in log if line.endswith("\n"))
if "sleep" in answer:
    received = []
    signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    print("sleeping", file=sys.stderr, flush=True)
    until = time.monotonic() + answer["sleep"]
    while not received and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    with open(os.environ["FAKE_LOG"] + ".interrupts", "w") as file:
        file.write(str(len(received)))
sys.stderr.write(answer.get("stderr", ""))
sys.stderr.flush()
output = answer.get("stdout", "")
sys.stdout.write(output if isinstance(output, str) else json.dumps(output, indent=2) + "\n")
sys.exit(answer.get("code", 0))
