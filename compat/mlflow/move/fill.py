"""Records of every kind, through the official client: what a move must bring along.

    python fill.py <tracking uri>

The address is a server's or, where MLFLOW_ALLOW_FILE_STORE is set, that of a folder.
"""

import math
import random
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
client = MlflowClient()
chance = random.Random(4)
begin = 1_700_000_000_000


class Doubled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * value for value in model_input]


def history(run_id, key, count, start):
    for at in range(0, count, 1000):
        points = [
            Metric(key, chance.gauss(0, 1), start + step, step) for step in range(at, min(count, at + 1000))
        ]
        client.log_batch(run_id, metrics=points)


def one_run(experiment, at, parent=None):
    start = begin + at * 60_000
    tags = {"a key": f"value {at}", "mlflow.note.content": f"# Note {at}\n\nüñí", "mlflow.user": "ada"}
    if parent:
        tags["mlflow.parentRunId"] = parent
    run = client.create_run(experiment, start_time=start, tags=tags, run_name=f"run {at}")
    run_id = run.info.run_id
    params = [Param("lr", str(at / 10)), Param("exact", "0.10"), Param("nested/depth", "x y"), Param("a.b:c", "-")]
    client.log_batch(run_id, params=params, tags=[RunTag("later", "yes")])
    history(run_id, "loss", 40, start)
    history(run_id, "val/accuracy", 7, start)
    client.log_metric(run_id, "odd", math.nan, timestamp=start, step=3)
    client.log_metric(run_id, "twice", 1, timestamp=start, step=1)
    client.log_metric(run_id, "twice", 2, timestamp=start + 1, step=1)
    client.log_metric(run_id, "back", 5, timestamp=start, step=9)
    client.log_metric(run_id, "back", 4, timestamp=start + 5, step=2)
    client.log_text(run_id, f"hello {at}", "deep/ü folder/note +1.txt")
    client.log_dict(run_id, {"at": at}, "top.json")
    dataset = Dataset(name="iris", digest=f"d{at % 2}", source_type="local", source="{}", schema='{"a": 1}', profile=None)
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    status = ("FINISHED", "FAILED", "KILLED", None)[at % 4]
    if status:
        client.set_terminated(run_id, status, end_time=start + 5_000)
    return run_id


first = client.create_experiment("first ü/experiment", tags={"team": "blue", "empty": ""})
second = client.create_experiment("second")
deleted = client.create_experiment("deleted")
parent = one_run(first, 0)
runs = [one_run(first, at, parent if at in (2, 3) else None) for at in range(1, 6)]
one_run(second, 7)
one_run(deleted, 8)
client.delete_run(runs[-1])
client.delete_experiment(deleted)
history(parent, "long", 2500, begin)

mlflow.set_experiment(experiment_id=first)
names = {"name": "model"} if mlflow.__version__[0] != "2" else {"artifact_path": "model"}
for at in range(3):
    with mlflow.start_run(run_id=runs[at]):
        mlflow.pyfunc.log_model(**names, python_model=Doubled(), registered_model_name="doubled", pip_requirements=[])
client.delete_model_version("doubled", "2")
client.set_registered_model_alias("doubled", "champion", "1")
client.set_registered_model_alias("doubled", "candidate", "3")
client.transition_model_version_stage("doubled", "1", "Production")
client.transition_model_version_stage("doubled", "3", "Staging")
client.update_model_version("doubled", "3", description="the third\nversion")
client.set_model_version_tag("doubled", "3", "reviewed", "yes")
client.set_registered_model_tag("doubled", "team", "blue")
client.update_registered_model("doubled", description="doubles")
client.create_registered_model("without versions", tags={"x": "y"}, description="nothing yet")


@mlflow.trace(span_type="TOOL", attributes={"whole": 1, "exact": 1.0})
def inner(value):
    return {"y": value * 2}


@mlflow.trace
def outer(value):
    mlflow.update_current_trace(tags={"a key": f"of {value} ü"}, metadata={"more": "yes"}, client_request_id=f"request {value}")
    if value == 2:
        raise ValueError("no ☃")
    return [inner(value), inner(value + 1)]


# Traces are brought from folders only.
if uri.startswith("file:"):
    outer(0)
    with mlflow.start_run(run_id=parent):
        outer(1)
    try:
        outer(2)
    except ValueError:
        pass
    mlflow.flush_trace_async_logging()
    for trace in mlflow.search_traces(locations=[first], return_type="list"):
        id = trace.info.trace_id
        good = mlflow.log_feedback(trace_id=id, name="good", value=0.5, rationale="so so", metadata={"by": "hand"})
        mlflow.override_feedback(trace_id=id, assessment_id=good.assessment_id, value=1.0)
        mlflow.log_expectation(trace_id=id, name="answer", value={"a": [1, 2]}, span_id=trace.data.spans[0].span_id)
print(parent)
