"""A model from training to inference through the official client, stages and aliases included: MLFLOW_TRACKING_URI says where.

Prints how long loading took.
"""

import os
import time
import unittest
import uuid

import mlflow
import mlflow.sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
# Newer clients refuse pickles unless they are trusted; it changes nothing about the server.
format_options = {"serialization_format": "cloudpickle"}
place = {"artifact_path": "model"} if mlflow.__version__.startswith("2.") else {"name": "model"}


class Loading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = MlflowClient()
        cls.name = f"iris-{uuid.uuid4().hex[:8]}"
        cls.features, cls.labels = load_iris(return_X_y=True)
        cls.versions = []
        mlflow.set_experiment(cls.name)
        for depth in (5, 200):
            with mlflow.start_run() as run:
                model = LogisticRegression(max_iter=depth).fit(cls.features, cls.labels)
                mlflow.log_metric("accuracy", model.score(cls.features, cls.labels))
                mlflow.sklearn.log_model(model, **place, **format_options, registered_model_name=cls.name, pip_requirements=[])
            cls.versions.append((run.info.run_id, model.predict(cls.features).tolist()))

    def loaded(self, uri):
        started = time.perf_counter()
        model = mlflow.pyfunc.load_model(uri)
        print(f"load_model({uri.split('/')[0]}/…): {time.perf_counter() - started:.2f} s")
        return model.predict(self.features).tolist()

    def test_by_run(self):
        for run_id, predicted in self.versions:
            self.assertEqual(self.loaded(f"runs:/{run_id}/model"), predicted)

    def test_by_version_stage_and_alias(self):
        self.client.transition_model_version_stage(self.name, "1", "Production")
        self.assertEqual(self.loaded(f"models:/{self.name}/Production"), self.versions[0][1])
        self.client.transition_model_version_stage(self.name, "2", "Production", archive_existing_versions=True)
        self.client.set_registered_model_alias(self.name, "champion", "2")
        for reference in ("/2", "/Production", "@champion", "/latest"):
            self.assertEqual(self.loaded(f"models:/{self.name}{reference}"), self.versions[1][1])
        self.assertEqual(self.loaded(f"models:/{self.name}/Archived"), self.versions[0][1])

    def test_the_native_model_comes_back(self):
        model = mlflow.sklearn.load_model(f"runs:/{self.versions[1][0]}/model")
        self.assertIsInstance(model, LogisticRegression)


class Nested(unittest.TestCase):
    def test_three_levels_are_told_apart_by_their_parents(self):
        mlflow.set_experiment(f"nested-{uuid.uuid4().hex[:8]}")
        with mlflow.start_run(run_name="outer") as outer:
            with mlflow.start_run(run_name="middle", nested=True) as middle:
                with mlflow.start_run(run_name="inner", nested=True) as inner:
                    mlflow.log_metric("depth", 3)
        for parent, child in ((outer, middle), (middle, inner)):
            found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
            self.assertEqual([run.info.run_id for run in found], [child.info.run_id])


if __name__ == "__main__":
    unittest.main()
