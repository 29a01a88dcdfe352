"""A script that uses mlflow as its authors show it, and ours beside it. Started by `trainyard run`, with no setting at all."""

import mlflow
import trainyard
from sklearn.linear_model import LogisticRegression

features, target = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
mlflow.set_experiment("churn")
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)
    with mlflow.start_run(nested=True, run_name="inner"):
        mlflow.log_metric("inside", 1)
    model = LogisticRegression().fit(features, target)
    mlflow.sklearn.log_model(model, name="theirs")
with mlflow.start_run(run_name="second"):
    mlflow.log_metric("loss", 2)
assert len(mlflow.search_runs(experiment_names=["churn"])) == 3
trainyard.get_or_create_ctx("train").log_model("ours", body=model)
