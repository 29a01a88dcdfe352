"""Functions of the hub and projects that the server loads, through the official MLRun client. MLRUN_DBPATH says where our server is."""

import json
import os
import shutil
import tempfile
import unittest
import uuid

import mlrun
from mlrun.errors import MLRunBadRequestError, MLRunHTTPError, MLRunNotFoundError

SHELF = ["aggregate", "auto_trainer", "batch_inference", "describe", "feature_selection", "gen_class_data", "load_dataset", "sklearn_classifier", "test_classifier"]
TRAINING = """
def handler(context, p1: int = 1):
    context.log_result("accuracy", p1 * 2)
"""


def temporary(test):
    folder = tempfile.TemporaryDirectory()
    test.addClassCleanup(folder.cleanup)
    return folder.name


class Hub(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary(cls)
        cls.project = mlrun.new_project(f"hub-{uuid.uuid4().hex[:8]}", context=cls.folder)
        cls.db = mlrun.get_run_db()
        table = os.path.join(cls.folder, "iris.csv")
        with open(table, "w") as file:
            file.write("size,width,label\n" + "".join(f"{i},{i * 2 % 7},{i % 2}\n" for i in range(40)))
        cls.table = table

    def add(self, name, path):
        spec = mlrun.common.schemas.HubSource(
            metadata=mlrun.common.schemas.hub.HubObjectMetadata(name=name), spec=mlrun.common.schemas.hub.HubSourceSpec(path=path, channel="master")
        )
        self.addCleanup(self.db.delete_hub_source, name)
        return self.db.create_hub_source(mlrun.common.schemas.IndexedHubSource(index=1, source=spec))

    def test_the_catalogue_of_our_shelf(self):
        self.assertEqual([each.source.metadata.name for each in self.db.list_hub_sources()][-2:], ["trainyard", "default"])
        catalog = self.db.get_hub_catalog("trainyard", tag="latest").catalog
        self.assertEqual(sorted(each.metadata.name for each in catalog), SHELF)
        self.assertEqual({each.metadata.version for each in catalog}, {"1.0.0"})
        versions = self.db.get_hub_catalog("trainyard", version="1.0.0").catalog
        self.assertEqual(sorted({each.metadata.name for each in versions}), SHELF)
        item = self.db.get_hub_item("trainyard", "describe")
        self.assertEqual((item.metadata.name, item.metadata.tag), ("describe", "latest"))
        self.assertIn(b"def analyze(", self.db.get_hub_asset("trainyard", "describe", "source").content)
        url = self.db.get_hub_source("trainyard").source.get_full_uri("describe/latest/src/function.yaml", "functions")
        found = self.db.api_call("GET", "hub/sources/trainyard/item-object", params={"url": url})
        self.assertIn(b"name: describe", found.content)

    def test_an_imported_function_runs_here_and_on_the_server(self):
        function = mlrun.import_function("hub://describe", project=self.project.name)
        self.assertEqual((function.kind, function.spec.default_handler), ("job", "analyze"))
        local = function.run(inputs={"table": self.table}, params={"label_column": "label"}, local=True)
        self.assertEqual((local.state(), local.outputs["rows"]), ("completed", 40))
        remote = function.run(inputs={"table": self.table}, params={"label_column": "label"}, watch=True)
        self.assertEqual((remote.state(), remote.outputs["rows"]), ("completed", 40))
        self.assertIn("dataset-report", remote.outputs)

    def test_a_project_takes_functions_of_the_hub(self):
        for name in SHELF:
            self.project.set_function(f"hub://{name}", name=name.replace("_", "-"))
        self.project.set_function("hub://trainyard/load_dataset:1.0.0", name="data")
        run = self.project.run_function("data", handler="load_dataset", params={"dataset": "iris"}, local=True)
        self.assertEqual(run.state(), "completed")
        self.assertEqual(self.project.get_function("auto-trainer").spec.default_handler, "train")

    def test_a_hub_of_ones_own_goes_first(self):
        root = os.path.join(self.folder, "team")
        for name in ("describe", "only_here"):
            os.makedirs(os.path.join(root, name))
            with open(os.path.join(root, name, "function.yaml"), "w") as file:
                file.write(f"kind: job\nmetadata: {{name: {name}}}\nspec: {{command: {name}.py, default_handler: go}}\n")
            with open(os.path.join(root, name, f"{name}.py"), "w") as file:
                file.write("def go(context, who: str = 'world'):\n    context.log_result('greeting', 'hello ' + who)\n")
        self.add("team", root)
        function = mlrun.import_function("hub://only-here", project=self.project.name)
        self.assertEqual(function.run(params={"who": "Ada"}, local=True).outputs["greeting"], "hello Ada")
        self.assertEqual(mlrun.import_function("hub://describe").spec.default_handler, "go")
        self.assertEqual(mlrun.import_function("hub://trainyard/describe").spec.default_handler, "analyze")
        # What was read here and is sent back changes nothing.
        source = self.db.get_hub_source("team")
        self.db.store_hub_source("team", source)
        self.assertEqual(mlrun.import_function("hub://team/only_here").spec.default_handler, "go")

    def test_what_is_not_there_is_told_with_what_was_meant(self):
        with self.assertRaisesRegex(MLRunNotFoundError, "did you mean describe"):
            self.db.get_hub_item("trainyard", "descibe")
        with self.assertRaisesRegex(MLRunNotFoundError, "has no version 9.9 of describe; it has 1.0.0"):
            mlrun.import_function("hub://describe:9.9")
        with self.assertRaisesRegex(MLRunNotFoundError, "there are trainyard, default"):
            mlrun.import_function("hub://nowhere/describe")
        with self.assertRaisesRegex(MLRunHTTPError, "always there"):
            self.db.delete_hub_source("trainyard")


class Loading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary(cls)
        cls.name = f"loaded-{uuid.uuid4().hex[:8]}"
        cls.db = mlrun.get_run_db()
        work = os.path.join(cls.folder, "work")
        project = mlrun.new_project(cls.name, context=work, save=False)
        with open(os.path.join(work, "training.py"), "w") as file:
            file.write(TRAINING)
        project.set_function("training.py", name="train", kind="job", image="mlrun/mlrun", handler="handler")
        project.spec.params = {"threshold": 0.5}
        project.export()
        cls.archive = shutil.make_archive(os.path.join(cls.folder, "packed"), "zip", work)

    def test_the_server_loads_a_project(self):
        state = self.db.load_project(self.name, self.archive, secrets={"token": "hunter2"})
        self.assertEqual(state, "completed")
        project = self.db.get_project(self.name)
        self.assertEqual(project.spec.params, {"threshold": 0.5})
        self.assertEqual([each["name"] for each in project.spec.functions], ["train"])
        self.assertEqual(self.db.list_project_secret_keys(self.name, provider="kubernetes").secret_keys, ["token"])
        loader = self.db.list_runs(project=self.name, labels="job-type=project-loader")
        self.assertEqual(len(loader), 1)

    def test_an_archive_that_is_not_there_fails_the_run_and_leaves_no_secret(self):
        name = f"{self.name}-not"
        state = self.db.load_project(name, "/nowhere/at-all.zip", secrets={"token": "x"}, save_secrets=False)
        self.assertEqual(state, "error")
        with self.assertRaises(MLRunNotFoundError):
            self.db.get_project(name)

    def test_a_path_of_the_client_is_refused(self):
        with self.assertRaisesRegex(MLRunBadRequestError, "name a Git address, an archive or an absolute path"):
            self.db.load_project(self.name, "./here")


if __name__ == "__main__":
    unittest.main()
