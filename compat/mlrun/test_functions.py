"""Functions, projects, secrets and the other documents, through the official MLRun client. MLRUN_DBPATH says where the server is."""

import concurrent.futures
import os
import tempfile
import unittest
import uuid

import mlrun
from mlrun.errors import MLRunBadRequestError, MLRunNotFoundError, MLRunPreconditionFailedError

CODE = """
def handler(context, p1: int = 1):
    context.log_result("accuracy", p1 * 2)
"""


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def code_file(folder, text=CODE, name="training.py"):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


class Functions(unittest.TestCase):
    def setUp(self):
        self.project = unique("fn")
        self.db = mlrun.get_run_db()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = code_file(folder.name)

    def function(self, name="my_train", **options):
        return mlrun.code_to_function(name, project=self.project, filename=self.path, kind="job", image="mlrun/mlrun", handler="handler", **options)

    def test_a_function_is_kept_by_hash_and_by_tag(self):
        function = self.function()
        first = function.save(versioned=True)
        self.assertRegex(first, r"@[0-9a-f]{40}$")
        self.assertEqual(function.save(versioned=True), first)
        function.spec.description = "another"
        second = function.save(versioned=True)
        self.assertNotEqual(first, second)
        found = mlrun.import_function(first)
        self.assertEqual(found.spec.build.functionSourceCode, function.spec.build.functionSourceCode)
        self.assertEqual(found.spec.description or "", "")
        self.assertEqual(mlrun.import_function(f"db://{self.project}/my-train").spec.description, "another")
        function.save(tag="blue")
        self.assertEqual(mlrun.import_function(f"db://{self.project}/my-train:blue").metadata.tag, "blue")

    def test_functions_are_listed_and_deleted(self):
        self.function().save(versioned=True)
        self.function("other").save(versioned=True)
        names = {function["metadata"]["name"] for function in self.db.list_functions(project=self.project)}
        self.assertEqual(names, {"my-train", "other"})
        self.assertEqual(len(self.db.list_functions(name="other", project=self.project, tag="latest")), 1)
        self.db.delete_function("other", self.project)
        with self.assertRaises(MLRunNotFoundError):
            self.db.get_function("other", self.project)

    def test_two_clients_save_one_function_at_once(self):
        def save(number):
            function = self.function("both")
            function.spec.description = f"of client {number}"
            return function.save(versioned=True)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            uris = list(pool.map(save, range(8)))
        self.assertEqual(len(set(uris)), 8)
        for uri in uris:
            self.assertTrue(mlrun.import_function(uri).spec.description.startswith("of client"))

    def test_export_and_import_of_function_yaml(self):
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "function.yaml")
            self.function().export(target)
            imported = mlrun.import_function(target)
            imported.metadata.project = self.project
            imported.save()
        self.assertEqual(self.db.get_function("my-train", self.project)["kind"], "job")

    def test_what_is_not_there_says_so(self):
        with self.assertRaises(MLRunNotFoundError):
            self.db.get_function("nobody", self.project)
        with self.assertRaises(MLRunNotFoundError):
            mlrun.import_function(f"db://{self.project}/nobody@{'0' * 40}")


class Projects(unittest.TestCase):
    def setUp(self):
        self.db = mlrun.get_run_db()

    def test_new_get_save_and_delete(self):
        name = unique("proj")
        with tempfile.TemporaryDirectory() as folder:
            project = mlrun.new_project(name, context=folder, description="first")
            project.spec.params["p1"] = 5
            project.set_function(code_file(folder), name="train", kind="job", image="mlrun/mlrun", handler="handler")
            project.save()
            loaded = mlrun.load_project(folder, name=name)
            self.assertEqual(loaded.spec.params["p1"], 5)
        stored = self.db.get_project(name)
        self.assertEqual(stored.spec.description, "first")
        self.assertIn(name, [each if isinstance(each, str) else each.metadata.name for each in self.db.list_projects(format_="name_only")])
        again = mlrun.get_or_create_project(name, context="./")
        self.assertEqual(again.spec.params["p1"], 5)
        self.db.patch_project(name, {"spec": {"description": "second"}})
        self.assertEqual(self.db.get_project(name).spec.description, "second")
        self.assertEqual(self.db.get_project_summary(name).name, name)
        self.db.delete_project(name, "cascade")
        with self.assertRaises(MLRunNotFoundError):
            self.db.get_project(name)
        self.db.delete_project(name)

    def test_a_project_with_running_work_is_not_deleted(self):
        name = unique("busy")
        uid = uuid.uuid4().hex
        self.db.store_run({"metadata": {"name": "busy", "uid": uid, "project": name}, "status": {"state": "running"}}, uid, name)
        for strategy in ("restricted", "cascade"):
            with self.assertRaises(MLRunPreconditionFailedError):
                self.db.delete_project(name, strategy)
        self.db.update_run({"status.state": "completed"}, uid, name)
        self.db.delete_project(name, "cascade")

    def test_artifacts_of_a_project(self):
        name = unique("art")
        with tempfile.TemporaryDirectory() as folder:
            project = mlrun.new_project(name, context=folder)
            project.log_artifact("note", body=b"hello", format="txt")
            project.log_model("m", body=b"123", model_file="m.pkl", tag="v1")
            self.assertEqual([model.metadata.key for model in project.list_models(tag="v1")], ["m"])
            self.assertEqual(mlrun.get_dataitem(f"store://{name}/note").get(), b"hello")
            model = project.list_models(tag="v1")[0]
            self.db.tag_artifacts([model.to_dict()], name, "prod")
            self.assertEqual(len(self.db.list_artifacts(project=name, tag="prod")), 1)
            self.assertIn("prod", self.db.list_artifact_tags(project=name))
            self.db.delete_artifacts_tags([model.to_dict()], name, "prod")
            self.assertEqual(len(self.db.list_artifacts(project=name, tag="prod")), 0)
            project.delete_artifact(project.get_artifact("note"))
            with self.assertRaises(Exception):
                project.get_artifact("note")

    def test_secrets_are_kept_and_never_given_back(self):
        name = unique("secret")
        self.db.create_project_secrets(name, secrets={"token": "hunter2", "other": "x"})
        self.assertEqual(sorted(self.db.list_project_secret_keys(name).secret_keys), ["other", "token"])
        self.db.delete_project_secrets(name, secrets=["other"])
        self.assertEqual(self.db.list_project_secret_keys(name).secret_keys, ["token"])

    def test_names_that_break_addresses(self):
        with self.assertRaises(MLRunBadRequestError):
            self.db.store_project("no%2Fslash", {"metadata": {"name": "no/slash"}, "spec": {}})


class Documents(unittest.TestCase):
    def test_feature_sets_and_vectors(self):
        import mlrun.feature_store as fstore

        project = mlrun.get_or_create_project(unique("feat"), context=tempfile.mkdtemp()).metadata.name
        stocks = fstore.FeatureSet("stocks", entities=[fstore.Entity("ticker")])
        stocks.metadata.project = project
        stocks.add_feature(mlrun.feature_store.feature_set.Feature(name="price", value_type="float")) if hasattr(
            mlrun.feature_store, "feature_set"
        ) else None
        stocks.save()
        db = mlrun.get_run_db()
        self.assertEqual(db.get_feature_set("stocks", project).metadata.name, "stocks")
        self.assertEqual([each.metadata.name for each in db.list_feature_sets(project)], ["stocks"])
        vector = fstore.FeatureVector("vector", ["stocks.price"])
        vector.metadata.project = project
        vector.save()
        self.assertEqual(fstore.get_feature_vector(f"store://feature-vectors/{project}/vector").spec.features, ["stocks.price"])
        db.delete_feature_set("stocks", project)
        with self.assertRaises(MLRunNotFoundError):
            db.get_feature_set("stocks", project)

    def test_alerts_and_their_activations(self):
        project = mlrun.get_or_create_project(unique("alert"), context=tempfile.mkdtemp()).metadata.name
        db = mlrun.get_run_db()
        schemas = mlrun.common.schemas
        entity = {"kind": "job", "project": project, "ids": ["train"]}
        notification = mlrun.model.Notification(kind="slack", name="s", message="m", severity="info", when=["error"], secret_params={"webhook": "https://127.0.0.1/x"})
        alert = mlrun.alerts.alert.AlertConfig(
            project=project,
            name="broken",
            summary="{{name}} is broken",
            severity=schemas.alert.AlertSeverity.HIGH,
            entities=schemas.alert.EventEntities(**entity),
            trigger=schemas.alert.AlertTrigger(events=["failed"]),
            criteria=schemas.alert.AlertCriteria(count=1),
            notifications=[schemas.alert.AlertNotification(notification=notification.to_dict())],
        )
        db.store_alert_config("broken", alert, project)
        self.assertEqual([each.name for each in db.list_alerts_configs(project)], ["broken"])
        db.generate_event("failed", {"kind": "failed", "entity": entity}, project)
        activations = db.list_alert_activations(project)
        self.assertEqual([(each.name, each.entity_id) for each in activations], [("broken", "train")])
        self.assertEqual(db.get_alert_config("broken", project).state, "active")
        db.reset_alert_config("broken", project)
        self.assertEqual(db.get_alert_config("broken", project).state, "inactive")
        self.assertIsNotNone(db.list_alert_activations(project)[0].reset_time)

    def test_hub_sources(self):
        sources = mlrun.get_run_db().list_hub_sources()
        self.assertEqual(sources[-1].source.metadata.name, "default")


if __name__ == "__main__":
    unittest.main()
