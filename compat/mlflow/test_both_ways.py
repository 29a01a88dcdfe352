"""A run of the command line as the official client sees it. Arguments: the run's id."""

import sys

import mlflow

run_id = sys.argv[1]
run = mlflow.get_run(run_id)
assert run.info.status == "FINISHED", run.info
assert run.data.params == {"eta": "0.1", "name": "x"}, run.data.params
assert run.data.metrics["loss"] == 0.25, run.data.metrics
assert [m.step for m in mlflow.MlflowClient().get_metric_history(run_id, "loss")] == [0, 1, 2, 3]
experiment = mlflow.get_experiment(run.info.experiment_id)
frame = mlflow.search_runs([experiment.experiment_id], "params.eta = '0.1' and metrics.loss < 0.3")
assert list(frame["run_id"]) == [run_id], frame
assert frame["tags.team"][0] == "blue", frame
assert mlflow.artifacts.load_text(f"runs:/{run_id}/note.txt") == "hello"
with mlflow.start_run(run_id=run_id):
    mlflow.log_metric("later", 7)
    mlflow.set_tag("from", "mlflow")
assert mlflow.get_run(run_id).info.status == "FINISHED"
