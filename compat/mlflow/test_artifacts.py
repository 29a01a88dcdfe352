"""Artifacts through the official client, large and oddly named: MLFLOW_TRACKING_URI says where."""

import hashlib
import os
import pathlib
import tempfile
import unittest

import mlflow
from mlflow import MlflowClient

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


class Artifacts(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.run = self.client.create_run("0").info.run_id
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_fifty_megabytes_come_back_as_they_were(self):
        block = os.urandom(1 << 20)
        large = self.folder / "large.bin"
        large.write_bytes(block * 50)
        self.client.log_artifact(self.run, str(large), "models/weights")
        [file] = self.client.list_artifacts(self.run, "models/weights")
        self.assertEqual((file.path, file.file_size), ("models/weights/large.bin", 50 << 20))
        path = mlflow.artifacts.download_artifacts(run_id=self.run, artifact_path=file.path, dst_path=str(self.folder / "back"))
        with open(path, "rb") as back:
            self.assertEqual(hashlib.file_digest(back, "sha256").hexdigest(), hashlib.sha256(block * 50).hexdigest())

    def test_nested_folders_and_names_of_any_language(self):
        names = ["a.txt", "deep/er/and/deeper/b.txt", "ünï cödé/日本語 模型.txt", "plus+and&amp;.txt", "100% sure.txt", "emoji 🚂.txt", ".hidden/x"]
        source = self.folder / "source"
        for name in names:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(f"of {name}")
        self.client.log_artifacts(self.run, str(source), "tree")

        def walk(path):
            for file in self.client.list_artifacts(self.run, path):
                yield from walk(file.path) if file.is_dir else [file.path]

        self.assertEqual(sorted(walk("tree")), sorted(f"tree/{name}" for name in names))
        back = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=self.run, artifact_path="tree", dst_path=str(self.folder / "back")))
        self.assertEqual({name: (back / name).read_text() for name in names}, {name: f"of {name}" for name in names})

    def test_an_empty_file_and_one_that_is_written_again(self):
        self.client.log_text(self.run, "", "empty.txt")
        self.assertEqual(mlflow.artifacts.load_text(f"runs:/{self.run}/empty.txt"), "")
        for text in ("first", "second"):
            self.client.log_text(self.run, text, "again.txt")
        self.assertEqual(mlflow.artifacts.load_text(f"runs:/{self.run}/again.txt"), "second")


if __name__ == "__main__":
    unittest.main()
