"""The official MLflow client's model registry against a running server: MLFLOW_TRACKING_URI says where."""

import os
import threading
import unittest
import uuid

import mlflow
import pandas
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

columns = ["sepal length", "sepal width", "petal length", "petal width"]


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class RegistryTest(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.name = unique("model")

    def refused(self, code, text, call, *arguments, **named):
        with self.assertRaises(MlflowException) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.error_code, code)
        self.assertIn(text, caught.exception.message)

    def with_versions(self, count, **options):
        self.client.create_registered_model(self.name)
        return [
            self.client.create_model_version(self.name, f"s3://bucket/{self.name}/{at}", **options)
            for at in range(1, count + 1)
        ]

    def stages(self):
        found = self.client.search_model_versions(f"name = '{self.name}'", order_by=["version_number"])
        return [version.current_stage for version in found]


class Models(RegistryTest):
    def test_create_get_describe_rename_delete(self):
        made = self.client.create_registered_model(self.name, tags={"team": "a"}, description="first")
        self.assertEqual((made.name, made.description, made.tags), (self.name, "first", {"team": "a"}))
        self.refused(
            "RESOURCE_ALREADY_EXISTS",
            f"Registered Model (name={self.name}) already exists.",
            self.client.create_registered_model,
            self.name,
        )
        self.assertEqual(self.client.update_registered_model(self.name, "second").description, "second")
        self.client.create_model_version(self.name, "s3://bucket/1")
        self.client.rename_registered_model(self.name, self.name + "-new")
        renamed = self.client.get_registered_model(self.name + "-new")
        self.assertEqual(renamed.description, "second")
        self.assertEqual([version.version for version in renamed.latest_versions], ["1"])
        self.refused("RESOURCE_DOES_NOT_EXIST", "not found", self.client.get_registered_model, self.name)
        self.client.delete_registered_model(self.name + "-new")
        self.refused(
            "RESOURCE_DOES_NOT_EXIST",
            f"Registered Model with name={self.name}-new not found",
            self.client.get_registered_model,
            self.name + "-new",
        )
        self.assertEqual(self.client.create_registered_model(self.name + "-new").latest_versions, [])

    def test_names_with_odd_characters(self):
        for name in [f"{self.name} ünï", f"{self.name}/slash", f"{self.name}:colon", f"{self.name} 100% & more?"]:
            self.client.create_registered_model(name)
            self.assertEqual(self.client.get_registered_model(name).name, name)
            self.assertEqual([m.name for m in self.client.search_registered_models(f"name = '{name}'")], [name])
        with self.assertRaises(MlflowException):
            self.client.create_registered_model(f"{self.name}%2Fslash")

    def test_tags(self):
        self.with_versions(1)
        self.client.set_registered_model_tag(self.name, "a", "1")
        self.client.set_model_version_tag(self.name, "1", "b", "2" * 10_000)
        self.client.set_model_version_tag(self.name, version="1", key="c", value="3")
        self.assertEqual(self.client.get_registered_model(self.name).tags, {"a": "1"})
        self.assertEqual(self.client.get_model_version(self.name, "1").tags, {"b": "2" * 10_000, "c": "3"})
        self.client.delete_registered_model_tag(self.name, "a")
        self.client.delete_registered_model_tag(self.name, "a")
        self.client.delete_model_version_tag(self.name, "1", "b")
        self.assertEqual(self.client.get_registered_model(self.name).tags, {})
        self.assertEqual(self.client.get_model_version(self.name, "1").tags, {"c": "3"})
        self.refused("INVALID_PARAMETER_VALUE", "100000", self.client.set_registered_model_tag, self.name, "a", "x" * 100_001)

    def test_search_and_pages(self):
        for at in range(5):
            self.client.create_registered_model(f"{self.name}-{at}", tags={"parity": "odd" if at % 2 else "even"})
        found = self.client.search_registered_models(f"name LIKE '{self.name}%'", order_by=["name DESC"])
        self.assertEqual([model.name[-1] for model in found], list("43210"))
        odd = self.client.search_registered_models(f"name ILIKE '{self.name.upper()}%' AND tags.parity = 'odd'")
        self.assertEqual([model.name[-1] for model in odd], list("13"))
        pages, token = [], None
        while True:
            page = self.client.search_registered_models(f"name LIKE '{self.name}%'", max_results=2, page_token=token)
            pages.append([model.name[-1] for model in page])
            token = page.token
            if not token:
                break
        self.assertEqual(pages, [["0", "1"], ["2", "3"], ["4"]])
        for text, message in [
            ("name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: 'OR'"),
            ("run_id = 'a'", "Invalid attribute key 'run_id' specified"),
            ("params.a = 'b'", "Invalid entity type 'params'"),
        ]:
            self.refused("INVALID_PARAMETER_VALUE", message, self.client.search_registered_models, text)
        self.refused("INVALID_PARAMETER_VALUE", "", self.client.search_registered_models, page_token="nonsense")
        self.refused("INVALID_PARAMETER_VALUE", "", self.client.search_registered_models, order_by=["creation_timestamp"])
        self.refused("INVALID_PARAMETER_VALUE", "", self.client.search_registered_models, max_results=1001)


class Versions(RegistryTest):
    def test_numbers_are_consecutive_and_never_given_again(self):
        self.client.create_registered_model(self.name)
        made = []

        def create():
            made.append(int(self.client.create_model_version(self.name, "s3://bucket/x").version))

        threads = [threading.Thread(target=create) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(made), list(range(1, 9)))
        self.client.delete_model_version(self.name, "8")
        self.refused("RESOURCE_DOES_NOT_EXIST", "Model Version", self.client.delete_model_version, self.name, "8")
        self.assertEqual(self.client.create_model_version(self.name, "s3://bucket/x").version, "9")

    def test_get_and_describe(self):
        run = self.client.create_run("0")
        self.client.create_registered_model(self.name)
        made = self.client.create_model_version(
            self.name, "s3://bucket/x", run.info.run_id, tags={"a": "b"}, description="text", run_link="https://example.org/run"
        )
        self.assertEqual(
            (made.version, made.status, made.current_stage, made.run_id, made.source, made.run_link, made.description, made.tags),
            ("1", "READY", "None", run.info.run_id, "s3://bucket/x", "https://example.org/run", "text", {"a": "b"}),
        )
        self.assertEqual(self.client.update_model_version(self.name, "1", "other").description, "other")
        self.assertEqual(self.client.get_model_version(self.name, "1").description, "other")
        self.assertEqual(self.client.get_model_version_download_uri(self.name, "1"), "s3://bucket/x")
        self.refused("RESOURCE_DOES_NOT_EXIST", f"Model Version (name={self.name}, version=7)", self.client.get_model_version, self.name, "7")
        self.refused("INVALID_PARAMETER_VALUE", "must be an integer", self.client.get_model_version, self.name, "x")
        self.refused(
            "RESOURCE_DOES_NOT_EXIST", "Registered Model", self.client.create_model_version, unique("nobody"), "s3://bucket/x"
        )

    def test_stages(self):
        self.with_versions(3)
        for version in "12":
            self.client.transition_model_version_stage(self.name, version, "production")
        self.client.transition_model_version_stage(self.name, "3", "Staging")
        self.assertEqual(self.stages(), ["Production", "Production", "Staging"])
        latest = self.client.get_latest_versions(self.name, ["Production"])
        self.assertEqual([version.version for version in latest], ["2"])
        moved = self.client.transition_model_version_stage(self.name, "3", "Production", archive_existing_versions=True)
        self.assertEqual(moved.current_stage, "Production")
        self.assertEqual(self.stages(), ["Archived", "Archived", "Production"])
        self.assertEqual(sorted(v.version for v in self.client.get_latest_versions(self.name)), ["2", "3"])
        self.refused(
            "INVALID_PARAMETER_VALUE",
            "Invalid Model Version stage: nowhere. Value must be one of None, Staging, Production, Archived",
            self.client.transition_model_version_stage,
            self.name,
            "1",
            "nowhere",
        )
        self.refused(
            "INVALID_PARAMETER_VALUE",
            "not an Active stage",
            self.client.transition_model_version_stage,
            self.name,
            "1",
            "Archived",
            archive_existing_versions=True,
        )

    def test_aliases(self):
        self.with_versions(2)
        self.client.set_registered_model_alias(self.name, "champion", "1")
        self.assertEqual(self.client.get_model_version_by_alias(self.name, "champion").version, "1")
        self.client.set_registered_model_alias(self.name, "champion", "2")
        self.client.set_registered_model_alias(self.name, "other", "2")
        self.assertEqual(self.client.get_registered_model(self.name).aliases, {"champion": "2", "other": "2"})
        self.assertEqual(self.client.get_model_version(self.name, "2").aliases, ["champion", "other"])
        self.assertEqual(self.client.get_model_version_by_alias(self.name, "latest").version, "2")
        self.client.delete_registered_model_alias(self.name, "other")
        self.client.delete_registered_model_alias(self.name, "other")
        self.client.delete_model_version(self.name, "2")
        self.refused(
            "INVALID_PARAMETER_VALUE",
            "Registered model alias champion not found.",
            self.client.get_model_version_by_alias,
            self.name,
            "champion",
        )
        self.refused("RESOURCE_DOES_NOT_EXIST", "Model Version", self.client.set_registered_model_alias, self.name, "x", "2")

    def test_search(self):
        run = self.client.create_run("0")
        self.with_versions(3, run_id=run.info.run_id)
        self.client.set_model_version_tag(self.name, "2", "good", "yes")
        self.client.create_model_version(self.name, "https://example.org/model")

        def found(text, **options):
            versions = self.client.search_model_versions(f"name = '{self.name}' AND {text}", **options)
            return [version.version for version in versions]

        self.assertEqual(found(f"run_id = '{run.info.run_id}'", order_by=["version_number DESC"]), ["3", "2", "1"])
        self.assertEqual(found(f"run_id IN ('{run.info.run_id}', 'other')", order_by=["version_number"]), ["1", "2", "3"])
        self.assertEqual(found("source_path LIKE 'https://%'"), ["4"])
        self.assertEqual(found("tags.good = 'yes'"), ["2"])
        self.assertEqual(found("version_number >= 2 AND version_number != '3'", order_by=["version_number"]), ["2", "4"])
        page = self.client.search_model_versions(f"name = '{self.name}'", max_results=3, order_by=["creation_timestamp DESC"])
        rest = self.client.search_model_versions(
            f"name = '{self.name}'", max_results=3, order_by=["creation_timestamp DESC"], page_token=page.token
        )
        self.assertEqual([version.version for version in [*page, *rest]], ["4", "3", "2", "1"])
        self.assertFalse(rest.token)
        self.refused("INVALID_PARAMETER_VALUE", "current_stage", found, "current_stage = 'None'")

    def test_copies(self):
        self.with_versions(1, tags={"a": "b"})
        copy = self.client.copy_model_version(f"models:/{self.name}/1", self.name + "-copy")
        self.assertEqual((copy.version, copy.source), ("1", f"models:/{self.name}/1"))
        self.assertEqual(
            self.client.get_model_version_download_uri(self.name + "-copy", "1"), f"s3://bucket/{self.name}/1"
        )

    def test_sources_that_lead_elsewhere_are_refused(self):
        self.client.create_registered_model(self.name)
        run = self.client.create_run("0")
        for source in ["/etc", "file:///etc", "file:/etc/passwd", "s3://bucket/../x", "https://h/%252e%252e/x", "models:/m-" + "0" * 32]:
            for tags in [{}, {"mlflow.prompt.is_prompt": "true"}]:
                body = {
                    "name": self.name,
                    "source": source,
                    "run_id": run.info.run_id,
                    "tags": [{"key": key, "value": value} for key, value in tags.items()],
                }
                answer = requests.post(
                    mlflow.get_tracking_uri().rstrip("/") + "/api/2.0/mlflow/model-versions/create", json=body, timeout=30
                )
                self.assertEqual(answer.status_code, 400, source)
                self.assertEqual(answer.json()["error_code"], "INVALID_PARAMETER_VALUE")
        self.assertEqual(self.stages(), [])


class Prompts(RegistryTest):
    def test_prompts_live_in_the_registry_and_out_of_its_searches(self):
        made = mlflow.genai.register_prompt(self.name, "Say {{ what }}.", commit_message="first", tags={"t": "1"})
        self.assertEqual(made.version, 1)
        mlflow.genai.register_prompt(self.name, "Shout {{ what }}.")
        mlflow.genai.set_prompt_alias(self.name, "loud", 2)
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{self.name}@loud").template, "Shout {{ what }}.")
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{self.name}/1").format(what="hello"), "Say hello.")
        self.assertEqual(self.client.search_registered_models(f"name = '{self.name}'"), [])
        self.assertEqual(self.client.search_model_versions(f"name = '{self.name}'"), [])
        self.assertEqual([prompt.name for prompt in mlflow.genai.search_prompts(f"name = '{self.name}'")], [self.name])
        self.refused(
            "RESOURCE_ALREADY_EXISTS", "already taken by a prompt", self.client.create_registered_model, self.name
        )


class Loading(RegistryTest):
    """A real model: trained, logged, registered, promoted, loaded by every kind of address."""

    @classmethod
    def setUpClass(cls):
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        data = load_iris()
        cls.frame = pandas.DataFrame(data.data, columns=columns)
        cls.model = LogisticRegression(max_iter=200).fit(cls.frame, data.target)
        cls.expected = list(cls.model.predict(cls.frame))

    def loads(self, uri):
        self.assertEqual(list(mlflow.sklearn.load_model(uri).predict(self.frame)), self.expected)

    def test_log_register_and_load(self):
        with mlflow.start_run() as run:
            info = mlflow.sklearn.log_model(self.model, name="model", registered_model_name=self.name)
        version = self.client.get_model_version(self.name, "1")
        self.assertEqual((version.run_id, version.status), (run.info.run_id, "READY"))
        self.assertEqual(version.source, f"models:/{info.model_id}")
        again = mlflow.register_model(f"runs:/{run.info.run_id}/model", self.name, tags={"again": "yes"})
        self.assertEqual((again.version, again.tags), ("2", {"again": "yes"}))
        self.client.set_registered_model_alias(self.name, "champion", "1")
        self.client.transition_model_version_stage(self.name, "2", "Production")
        for uri in [f"models:/{self.name}/1", f"models:/{self.name}@champion", f"models:/{self.name}/Production", f"models:/{self.name}/latest"]:
            self.loads(uri)
        loaded = mlflow.pyfunc.load_model(f"models:/{self.name}@champion")
        self.assertEqual(list(loaded.predict(self.frame)), self.expected)
        copy = self.client.copy_model_version(f"models:/{self.name}@champion", self.name + "-production")
        self.assertEqual(copy.run_id, run.info.run_id)
        self.loads(f"models:/{self.name}-production/1")
        noted = self.client.get_logged_model(info.model_id).tags["mlflow.modelVersions"]
        self.assertIn(f'"{self.name}"', noted)


if mlflow.__version__.startswith("2."):
    # Their functions came with 3.0; test_loading.py loads with both.
    del Prompts, Loading


if __name__ == "__main__":
    unittest.main()
