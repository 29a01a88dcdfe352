"""Train models under MLflow's autologging and register the best: nothing here knows which server keeps the records.

    python train.py train       two trainings, everything about them logged
    python train.py register    the best run's model becomes a version, reviewed in Staging, then taken to Production
    python train.py predict     whatever is in production, loaded by name
"""

import sys

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

experiment = "wine-quality"
model_name = "wine-classifier"
features, labels = load_wine(return_X_y=True)
seen, unseen, seen_labels, unseen_labels = train_test_split(features, labels, test_size=0.3, random_state=1)


def train():
    mlflow.set_experiment(experiment)
    # Parameters, metrics and plots are logged by the call below; so would the model be, here it is logged by hand.
    mlflow.autolog(log_models=False)
    for trees, depth in ((2, 1), (60, 6)):
        with mlflow.start_run(run_name=f"forest-{trees}"):
            mlflow.set_tag("purpose", "recipe")
            forest = RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=1).fit(seen, seen_labels)
            score = forest.score(unseen, unseen_labels)
            mlflow.log_metric("test_accuracy", score)
            log_model(forest)
            print(f"{trees} trees: {score:.2f}")


def log_model(forest):
    """The name of the first argument has changed with MLflow 3, which also wants to be told that a pickle is meant."""
    newer = {"name": "model", "serialization_format": "cloudpickle"}
    options = {"artifact_path": "model"} if mlflow.__version__.startswith("2.") else newer
    mlflow.sklearn.log_model(forest, **options, input_example=unseen[:2], pip_requirements=["scikit-learn"])


def register():
    client = MlflowClient()
    [best, *_] = mlflow.search_runs(
        experiment_names=[experiment],
        filter_string="tags.purpose = 'recipe'",
        order_by=["metrics.test_accuracy DESC"],
        output_format="list",
    )
    version = mlflow.register_model(f"runs:/{best.info.run_id}/model", model_name).version
    client.update_model_version(model_name, version, description=f"{best.data.params['n_estimators']} trees")
    client.transition_model_version_stage(model_name, version, "Staging")
    client.set_model_version_tag(model_name, version, "reviewed", "yes")
    client.transition_model_version_stage(model_name, version, "Production", archive_existing_versions=True)
    client.set_registered_model_alias(model_name, "champion", version)
    print(f"version {version} is in production: {best.info.run_name}")


def predict():
    for reference in (f"models:/{model_name}/Production", f"models:/{model_name}@champion"):
        model = mlflow.pyfunc.load_model(reference)
        right = sum(model.predict(unseen) == unseen_labels)
        print(f"{reference}: {right} of {len(unseen)} right")


if __name__ == "__main__":
    {"train": train, "register": register, "predict": predict}[sys.argv[1]]()
