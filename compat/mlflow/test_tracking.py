"""The official MLflow client against a running server: MLFLOW_TRACKING_URI says where. Standard library's unittest only."""

import json
import math
import os
import tempfile
import time
import unittest
import uuid

import mlflow
import pandas
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class Experiments(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()

    def test_default_experiment_is_there_from_the_start(self):
        experiment = self.client.get_experiment("0")
        self.assertEqual(experiment.name, "Default")
        self.assertEqual(experiment.lifecycle_stage, "active")
        self.assertTrue(experiment.artifact_location.startswith("mlflow-artifacts:"))

    def test_create_get_rename_delete_restore(self):
        name = unique("life")
        experiment_id = self.client.create_experiment(name, tags={"team": "a"})
        self.assertTrue(experiment_id.isdigit())
        self.assertEqual(self.client.get_experiment_by_name(name).experiment_id, experiment_id)
        self.assertEqual(self.client.get_experiment(experiment_id).tags, {"team": "a"})
        with self.assertRaises(MlflowException) as caught:
            self.client.create_experiment(name)
        self.assertEqual(caught.exception.error_code, "RESOURCE_ALREADY_EXISTS")
        self.client.rename_experiment(experiment_id, name + "-new")
        self.assertEqual(self.client.get_experiment(experiment_id).name, name + "-new")
        run = self.client.create_run(experiment_id)
        self.client.delete_experiment(experiment_id)
        self.assertEqual(self.client.get_experiment(experiment_id).lifecycle_stage, "deleted")
        self.assertEqual(self.client.get_run(run.info.run_id).info.lifecycle_stage, "deleted")
        with self.assertRaises(MlflowException):
            self.client.create_run(experiment_id)
        with self.assertRaises(MlflowException):
            self.client.rename_experiment(experiment_id, "x")
        self.client.restore_experiment(experiment_id)
        self.assertEqual(self.client.get_run(run.info.run_id).info.lifecycle_stage, "active")

    def test_missing_ones_are_none_or_a_clear_error(self):
        self.assertIsNone(self.client.get_experiment_by_name(unique("nobody")))
        with self.assertRaises(MlflowException) as caught:
            self.client.get_experiment("999999")
        self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")
        with self.assertRaises(MlflowException) as caught:
            self.client.get_experiment("abc")
        self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")

    def test_tags_and_search(self):
        prefix = unique("search")
        ids = [self.client.create_experiment(f"{prefix}-{letter}", tags={"letter": letter}) for letter in "abc"]
        self.client.set_experiment_tag(ids[0], "extra", "1")
        self.assertEqual(self.client.get_experiment(ids[0]).tags["extra"], "1")
        if hasattr(self.client, "delete_experiment_tag"):  # new with the 3.x line
            self.client.delete_experiment_tag(ids[0], "extra")
            self.assertNotIn("extra", self.client.get_experiment(ids[0]).tags)

        def names(**options):
            return [e.name[-1] for e in self.client.search_experiments(**options)]

        self.assertEqual(names(filter_string=f"name LIKE '{prefix}%'", order_by=["name ASC"]), ["a", "b", "c"])
        self.assertEqual(names(filter_string=f"name ILIKE '{prefix.upper()}%' AND tags.letter != 'b'", order_by=["name DESC"]), ["c", "a"])
        self.assertEqual(names(filter_string=f"name = '{prefix}-b'"), ["b"])
        self.client.delete_experiment(ids[1])
        self.assertEqual(names(filter_string=f"name LIKE '{prefix}%'", order_by=["experiment_id"]), ["a", "c"])
        self.assertEqual(names(filter_string=f"name LIKE '{prefix}%'", view_type=ViewType.DELETED_ONLY), ["b"])
        first = self.client.search_experiments(filter_string=f"name LIKE '{prefix}%'", view_type=ViewType.ALL, max_results=2, order_by=["name"])
        second = self.client.search_experiments(
            filter_string=f"name LIKE '{prefix}%'", view_type=ViewType.ALL, max_results=2, order_by=["name"], page_token=first.token
        )
        self.assertEqual([e.name[-1] for e in first] + [e.name[-1] for e in second], ["a", "b", "c"])
        self.assertFalse(second.token)


class Runs(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.name = unique("runs")
        self.experiment_id = self.client.create_experiment(self.name)

    def test_fluent_run_with_everything(self):
        mlflow.set_experiment(self.name)
        with mlflow.start_run(run_name="whole", tags={"team": "red"}) as run:
            mlflow.log_param("eta", 0.1)
            mlflow.log_params({"depth": 3, "name": "tree", "padded": "0.10", "empty": ""})
            for step in range(5):
                mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({"accuracy": 0.9, "nan": float("nan"), "inf": float("inf")})
            mlflow.set_tag("note", "fine")
            mlflow.set_tags({"a": 1, "b": 2})
        read = mlflow.get_run(run.info.run_id)
        self.assertEqual(read.info.run_name, "whole")
        self.assertEqual(read.info.status, "FINISHED")
        self.assertEqual(read.data.params, {"eta": "0.1", "depth": "3", "name": "tree", "padded": "0.10", "empty": ""})
        self.assertEqual(read.data.metrics["loss"], 0.2)
        self.assertTrue(math.isnan(read.data.metrics["nan"]))
        self.assertEqual(read.data.metrics["inf"], 1.7976931348623157e308)
        self.assertEqual(read.data.tags["note"], "fine")
        self.assertEqual(read.data.tags["a"], "1")
        self.assertEqual(read.data.tags["team"], "red")
        self.assertEqual(read.data.tags["mlflow.runName"], "whole")
        self.assertIn("mlflow.user", read.data.tags)
        self.assertGreaterEqual(read.info.end_time, read.info.start_time)
        history = self.client.get_metric_history(run.info.run_id, "loss")
        self.assertEqual([(m.step, m.value) for m in history], [(s, 1 / (s + 1)) for s in range(5)])

    def test_failed_and_resumed_run(self):
        mlflow.set_experiment(self.name)
        with self.assertRaises(ValueError):
            with mlflow.start_run() as run:
                raise ValueError("no")
        self.assertEqual(mlflow.get_run(run.info.run_id).info.status, "FAILED")
        with mlflow.start_run(run_id=run.info.run_id):
            self.assertEqual(mlflow.get_run(run.info.run_id).info.status, "RUNNING")
            mlflow.log_metric("again", 1)
        self.assertEqual(mlflow.get_run(run.info.run_id).info.status, "FINISHED")

    def test_nested_runs(self):
        mlflow.set_experiment(self.name)
        with mlflow.start_run(run_name="outer") as outer:
            with mlflow.start_run(run_name="inner", nested=True) as inner:
                mlflow.log_metric("m", 1)
        found = self.client.search_runs([self.experiment_id], f"tags.mlflow.parentRunId = '{outer.info.run_id}'")
        self.assertEqual([r.info.run_id for r in found], [inner.info.run_id])
        self.assertEqual(found[0].data.tags["mlflow.parentRunId"], outer.info.run_id)
        self.client.delete_run(outer.info.run_id)
        self.assertEqual(self.client.get_run(inner.info.run_id).info.lifecycle_stage, "active")

    def test_parameters_never_change(self):
        run_id = self.client.create_run(self.experiment_id).info.run_id
        self.client.log_param(run_id, "p", "1")
        self.client.log_param(run_id, "p", "1")
        with self.assertRaisesRegex(MlflowException, "Changing param values is not allowed. Param with key='p' was already logged with value='1'"):
            self.client.log_param(run_id, "p", "2")
        with self.assertRaisesRegex(MlflowException, "Changing param values is not allowed"):
            self.client.log_batch(run_id, [Metric("m", 1, 1, 0)], [Param("p", "3")], [RunTag("t", "v")])
        run = self.client.get_run(run_id)
        self.assertEqual(run.data.params, {"p": "1"})
        self.assertEqual(run.data.metrics, {})
        self.assertNotIn("t", run.data.tags)

    def test_batch_is_stored_whole_and_repeats_change_nothing(self):
        run_id = self.client.create_run(self.experiment_id).info.run_id
        metrics = [Metric("m", float(i), 1000 + i, i) for i in range(500)] + [Metric("k", 1.0, 5, 0)]
        params = [Param(f"p{i}", str(i)) for i in range(50)]
        tags = [RunTag(f"t{i}", str(i)) for i in range(50)]
        for _ in range(3):
            self.client.log_batch(run_id, metrics, params, tags)
        run = self.client.get_run(run_id)
        self.assertEqual(len(run.data.params), 50)
        self.assertEqual(run.data.metrics, {"m": 499.0, "k": 1.0})
        self.assertEqual(len(self.client.get_metric_history(run_id, "m")), 500)

    def test_latest_metric_is_of_the_highest_step_then_time_then_value(self):
        run_id = self.client.create_run(self.experiment_id).info.run_id
        for value, timestamp, step in [(1, 10, 5), (2, 20, 3), (3, 9, 5), (7, 10, 5), (4, 10, 5)]:
            self.client.log_metric(run_id, "m", value, timestamp, step)
        self.assertEqual(self.client.get_run(run_id).data.metrics["m"], 7)
        self.assertEqual([m.value for m in self.client.get_metric_history(run_id, "m")], [3, 1, 4, 7, 2])

    def test_bad_names_and_values_are_refused(self):
        run_id = self.client.create_run(self.experiment_id).info.run_id
        for call in (
            lambda: self.client.log_metric(run_id, "a#b", 1),
            lambda: self.client.log_metric(run_id, "../x", 1),
            lambda: self.client.log_param(run_id, "a//b", 1),
            lambda: self.client.set_tag(run_id, "x" * 300, 1),
            lambda: self.client.log_metric("0" * 32, "m", 1),
        ):
            with self.assertRaises(MlflowException) as caught:
                call()
            self.assertIn(caught.exception.error_code, ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"))

    def test_tags_deletion_and_renaming(self):
        run_id = self.client.create_run(self.experiment_id, run_name="first").info.run_id
        self.client.set_tag(run_id, "t", "1")
        self.client.delete_tag(run_id, "t")
        with self.assertRaisesRegex(MlflowException, "No tag with name: t"):
            self.client.delete_tag(run_id, "t")
        self.client.set_tag(run_id, "mlflow.runName", "second")
        self.assertEqual(self.client.get_run(run_id).info.run_name, "second")
        self.client.update_run(run_id, name="third", status="FAILED")
        run = self.client.get_run(run_id)
        self.assertEqual((run.info.run_name, run.info.status, run.data.tags["mlflow.runName"]), ("third", "FAILED", "third"))

    def test_deleted_run_refuses_writes_and_is_still_read(self):
        run_id = self.client.create_run(self.experiment_id).info.run_id
        self.client.delete_run(run_id)
        self.assertEqual(self.client.get_run(run_id).info.lifecycle_stage, "deleted")
        with self.assertRaisesRegex(MlflowException, "must be in the 'active' state"):
            self.client.log_metric(run_id, "m", 1)
        self.assertEqual(len(self.client.search_runs([self.experiment_id])), 0)
        self.assertEqual(len(self.client.search_runs([self.experiment_id], run_view_type=ViewType.DELETED_ONLY)), 1)
        self.client.restore_run(run_id)
        self.client.log_metric(run_id, "m", 1)

    def test_search_filters_orders_and_pages(self):
        for i in range(12):
            run = self.client.create_run(self.experiment_id, run_name=f"run {i}", start_time=1_000 + i)
            run_id = run.info.run_id
            self.client.log_metric(run_id, "acc uracy", i / 10)
            if i % 3 == 0:
                self.client.log_metric(run_id, "sparse", float(-i))
            self.client.log_param(run_id, "opt", "Adam" if i % 2 else "SGD")
            self.client.log_param(run_id, "lr", i)
            self.client.set_tag(run_id, "team.name", f"team{i % 4}")
            if i < 6:
                self.client.set_terminated(run_id, "FINISHED" if i < 3 else "FAILED", end_time=2_000 + i)

        def search(filter_string="", **options):
            return [int(r.info.run_name.split()[1]) for r in self.client.search_runs([self.experiment_id], filter_string, **options)]

        self.assertEqual(search(), list(range(11, -1, -1)))
        self.assertEqual(search("metrics.`acc uracy` >= 0.9"), [11, 10, 9])
        self.assertEqual(search("params.opt = 'Adam' and metrics.\"acc uracy\" < 0.4"), [3, 1])
        self.assertEqual(search("params.opt != 'Adam' AND params.lr = '4'"), [4])
        self.assertEqual(search("params.opt LIKE 'a%'"), [])
        self.assertEqual(search("params.opt ilike 'a%' and tags.team.name = 'team1'"), [9, 5, 1])
        self.assertEqual(search("attributes.status = 'FAILED'"), [5, 4, 3])
        self.assertEqual(search("status != 'RUNNING'"), [5, 4, 3, 2, 1, 0])
        self.assertEqual(search("attributes.run_name = 'run 7'"), [7])
        self.assertEqual(search("`run name` LIKE 'run 1_'"), [11, 10])
        self.assertEqual(search("start_time > 1008"), [11, 10, 9])
        self.assertEqual(search("end_time <= 2001"), [1, 0])
        self.assertEqual(search(order_by=["params.lr ASC"]), [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9])
        self.assertEqual(search(order_by=["metrics.sparse DESC"])[:4], [0, 3, 6, 9])
        self.assertEqual(search(order_by=["metrics.sparse ASC"])[:4], [9, 6, 3, 0])
        self.assertEqual(search(order_by=["tags.`team.name`", "start_time ASC"])[:4], [0, 4, 8, 1])
        wanted = [r.info.run_id for r in self.client.search_runs([self.experiment_id], "params.lr = '2'")]
        self.assertEqual(search(f"run_id IN ('{wanted[0]}', '{'0' * 32}')"), [2])
        pages, token = [], None
        while True:
            page = self.client.search_runs([self.experiment_id], max_results=5, order_by=["metrics.`acc uracy`"], page_token=token)
            pages.append([int(r.info.run_name.split()[1]) for r in page])
            token = page.token
            if not token:
                break
        self.assertEqual(pages, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]])
        frame = mlflow.search_runs([self.experiment_id], "metrics.sparse < 0", order_by=["metrics.sparse"])
        self.assertEqual(list(frame["metrics.sparse"]), [-9.0, -6.0, -3.0])
        for bad in (
            "metrics.a > 'x'",
            "params.a = 1",
            "foo.bar = 'x'",
            "attributes.foo = 'x'",
            "metrics.a == 1",
            "metrics.a > 1 OR metrics.b > 2",
            "metrics.a >",
            "metrics.a > 1; metrics.b > 2",
            "params.a > 'x'",
            "(metrics.a > 1)",
        ):
            with self.assertRaises(MlflowException, msg=bad) as caught:
                search(bad)
            self.assertEqual(caught.exception.error_code, "INVALID_PARAMETER_VALUE", bad)

    def test_dataset_inputs(self):
        frame = pandas.DataFrame({"x": [1, 2, 3], "y": [0, 1, 0]})
        dataset = mlflow.data.from_pandas(frame, source="https://example.com/data.csv", name="points", targets="y")
        mlflow.set_experiment(self.name)
        with mlflow.start_run() as run:
            mlflow.log_input(dataset, context="training")
            mlflow.log_input(dataset, context="training")
        inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
        self.assertEqual(len(inputs), 1)
        self.assertEqual((inputs[0].dataset.name, inputs[0].dataset.digest), ("points", dataset.digest))
        self.assertEqual({t.key: t.value for t in inputs[0].tags}, {"mlflow.data.context": "training"})
        found = self.client.search_runs([self.experiment_id], "dataset.name = 'points' and dataset.context = 'training'")
        self.assertEqual([r.info.run_id for r in found], [run.info.run_id])
        self.assertEqual(len(self.client.search_runs([self.experiment_id], "dataset.name = 'other'")), 0)

    def test_long_history_is_paged(self):
        run_id = self.client.create_run(self.experiment_id).info.run_id
        for start in range(0, 30_000, 1000):
            self.client.log_batch(run_id, [Metric("m", i / 7, i, i) for i in range(start, start + 1000)])
        history = self.client.get_metric_history(run_id, "m")
        self.assertEqual([m.step for m in history], list(range(30_000)))


class Artifacts(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.name = unique("artifacts")
        mlflow.set_experiment(self.name)

    def test_files_go_up_come_down_and_are_listed(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "deep", "er"))
            files = {
                "a.txt": b"hello",
                "empty.bin": b"",
                "deep/b c.json": b"{}",
                "deep/er/ünïcode + 100%.txt": b"\x00\xff" * 100,
                "big.bin": os.urandom(20 * 1024 * 1024),
            }
            for name, content in files.items():
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(content)
            with mlflow.start_run() as run:
                mlflow.log_artifacts(folder, "top")
                mlflow.log_text("text", "notes/n.txt")
                mlflow.log_dict({"a": 1}, "d.json")
            run_id = run.info.run_id
            self.assertEqual([(f.path, f.is_dir) for f in self.client.list_artifacts(run_id)], [("d.json", False), ("notes", True), ("top", True)])
            listed = {f.path: f.file_size for f in self.client.list_artifacts(run_id, "top")}
            self.assertEqual(listed["top/big.bin"], 20 * 1024 * 1024)
            self.assertEqual(self.client.list_artifacts(run_id, "nothing"), [])
            back = self.client.download_artifacts(run_id, "top")
            for name, content in files.items():
                with open(os.path.join(back, name), "rb") as file:
                    self.assertEqual(file.read(), content, name)
            self.assertEqual(mlflow.artifacts.load_text(f"runs:/{run_id}/notes/n.txt"), "text")
            started = time.time()
            with self.assertRaises(Exception):
                self.client.download_artifacts(run_id, "missing.txt")
            self.assertLess(time.time() - started, 20)

    def test_figures_tables_and_images(self):
        import numpy

        with mlflow.start_run() as run:
            mlflow.log_table({"a": [1, 2], "b": ["x", "y"]}, "table.json")
            mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "image.png")
        self.assertEqual(mlflow.load_table("table.json", run_ids=[run.info.run_id]).shape[0], 2)
        self.assertEqual(sorted(f.path for f in self.client.list_artifacts(run.info.run_id)), ["image.png", "table.json"])


class Models(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.name = unique("models")
        self.experiment_id = self.client.create_experiment(self.name)
        mlflow.set_experiment(self.name)

    def fitted(self):
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        x, y = load_iris(return_X_y=True)
        return LogisticRegression(max_iter=200).fit(x, y), x, y

    def test_model_is_logged_and_loaded_back(self):
        model, x, _ = self.fitted()
        with mlflow.start_run() as run:
            info = mlflow.sklearn.log_model(model, name="model", input_example=x[:2])
        self.assertTrue(info.model_id.startswith("m-"))
        for uri in (info.model_uri, f"runs:/{run.info.run_id}/model"):
            loaded = mlflow.pyfunc.load_model(uri)
            self.assertEqual(list(loaded.predict(x)), list(model.predict(x)), uri)
        logged = mlflow.get_logged_model(info.model_id)
        self.assertEqual((logged.name, logged.status, logged.source_run_id), ("model", "READY", run.info.run_id))
        outputs = mlflow.get_run(run.info.run_id).outputs.model_outputs
        self.assertEqual([o.model_id for o in outputs], [info.model_id])
        found = mlflow.search_logged_models([self.experiment_id], "name = 'model'", output_format="list")
        self.assertEqual([m.model_id for m in found], [info.model_id])

    def test_metrics_belong_to_the_model_too(self):
        model, x, _ = self.fitted()
        with mlflow.start_run():
            info = mlflow.sklearn.log_model(model, name="model")
            mlflow.log_metric("score", 0.5, step=1, model_id=info.model_id)
            mlflow.log_metric("score", 0.75, step=2, model_id=info.model_id)
        self.client.set_logged_model_tags(info.model_id, {"stage": "dev"})
        logged = mlflow.get_logged_model(info.model_id)
        self.assertEqual([(m.key, m.value) for m in logged.metrics], [("score", 0.75)])
        self.assertEqual(logged.tags["stage"], "dev")
        found = mlflow.search_logged_models([self.experiment_id], "metrics.score > 0.7", output_format="list")
        self.assertEqual(len(found), 1)
        self.client.delete_logged_model_tag(info.model_id, "stage")
        self.client.delete_logged_model(info.model_id)
        with self.assertRaises(MlflowException):
            mlflow.get_logged_model(info.model_id)

    def test_sklearn_autolog(self):
        mlflow.sklearn.autolog()
        try:
            with mlflow.start_run() as run:
                self.fitted()
        finally:
            mlflow.sklearn.autolog(disable=True)
        read = mlflow.get_run(run.info.run_id)
        self.assertIn("training_accuracy_score", read.data.metrics)
        self.assertEqual(read.data.params["max_iter"], "200")
        self.assertEqual(len(read.inputs.dataset_inputs), 1)
        self.assertIn("estimator.html", [f.path for f in self.client.list_artifacts(run.info.run_id)])


if mlflow.__version__.startswith("2."):
    # Logged models came with 3.0.
    del Models.test_model_is_logged_and_loaded_back, Models.test_metrics_belong_to_the_model_too


class Wire(unittest.TestCase):
    """What a client may write and how it is answered, below the official client."""

    def call(self, method, path, body=None, headers=None):
        import requests

        uri = os.environ["MLFLOW_TRACKING_URI"]
        headers = {"content-type": "application/json", **(headers or {})}
        return requests.request(method, uri + path, data=body, headers=headers, timeout=10)

    def test_both_prefixes_and_both_spellings_of_names(self):
        run_id = MlflowClient().create_run("0").info.run_id
        for prefix in ("/api", "/ajax-api"):
            body = json.dumps({"runId": run_id, "key": "k", "value": "1.5", "timestamp": "7", "unknown": 1, "step": None})
            self.assertEqual(self.call("POST", prefix + "/2.0/mlflow/runs/log-metric", body).json(), {})
        answer = self.call("GET", f"/api/2.0/mlflow/metrics/get-history?run_uuid={run_id}&metric_key=k").json()
        self.assertEqual(answer, {"metrics": [{"key": "k", "value": 1.5, "timestamp": 7, "step": 0}]})

    def test_bad_requests_are_400_with_the_words_clients_look_for(self):
        for body, words in (
            ("{}", "Missing value for required parameter 'run_id'"),
            ("nonsense", "Missing value for required parameter 'run_id'"),
            ('{"run_id": 5}', "Invalid value 5 for parameter 'run_id' supplied"),
            ('{"run_id": "%s", "key": "k", "timestamp": 1}' % ("0" * 32), "Missing value for required parameter 'value'"),
            ('{"run_id": "%s", "key": "k", "timestamp": {}, "value": 1}' % ("0" * 32), "Invalid value {} for parameter 'timestamp' supplied"),
        ):
            answer = self.call("POST", "/api/2.0/mlflow/runs/log-metric", body)
            self.assertEqual((answer.status_code, answer.json()["error_code"]), (400, "INVALID_PARAMETER_VALUE"), body)
            self.assertIn(words, answer.json()["message"])

    def test_unknown_routes_are_404_without_json(self):
        answer = self.call("GET", "/api/3.0/mlflow/nothing")
        self.assertEqual(answer.status_code, 404)
        with self.assertRaises(ValueError):
            answer.json()

    def test_requests_from_other_sites_are_refused(self):
        for prefix in ("/api", "/ajax-api"):
            path = prefix + "/2.0/mlflow/experiments/search"
            self.assertEqual(self.call("POST", path, '{"max_results": 1}', {"Origin": "https://evil.example"}).status_code, 403)
            self.assertEqual(self.call("POST", path, '{"max_results": 1}', {"Host": "evil.example"}).status_code, 403)
            self.assertEqual(self.call("POST", path, '{"max_results": 1}', {"content-type": "text/plain"}).status_code, 400)
            # Another port of this machine is another site; the server's own pages are not.
            self.assertEqual(self.call("POST", path, '{"max_results": 1}', {"Origin": "http://localhost:3000"}).status_code, 403)
            own = os.environ["MLFLOW_TRACKING_URI"].rstrip("/")
            self.assertEqual(self.call("POST", path, '{"max_results": 1}', {"Origin": own}).status_code, 200)

    def test_artifact_paths_never_leave_their_run(self):
        run_id = MlflowClient().create_run("0").info.run_id
        for path in ("..%2f..%2ftrainyard.db", "%252e%252e/x", "a/../../x", "%2e", ".", "a%5cb", "%00", "C:%5cx", "/etc/passwd", "a%23b"):
            for method in ("PUT", "GET", "DELETE"):
                answer = self.call(method, f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/{path}", b"x")
                self.assertIn(answer.status_code, (400, 404), f"{method} {path}")
        for path in ("", ".", "%2e", "%252e", "%20", "./", "0", "0/.."):
            self.assertIn(self.call("DELETE", f"/api/2.0/mlflow-artifacts/artifacts/{path}").status_code, (400, 404, 405), path)


if __name__ == "__main__":
    unittest.main(verbosity=1)
