"""Large files in parts, signed downloads and workspaces through the official MLflow client: MLFLOW_TRACKING_URI says where."""

import hashlib
import os
import tempfile
import unittest
import uuid
from pathlib import Path

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
mebibyte = 1024 * 1024
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(6 * mebibyte)
os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 * mebibyte)
os.environ["MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE"] = str(6 * mebibyte)
os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"] = str(5 * mebibyte)

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

uri = os.environ["MLFLOW_TRACKING_URI"]
proxy = f"{uri}/api/2.0/mlflow-artifacts"


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class Parts(unittest.TestCase):
    def setUp(self):
        self.run = MlflowClient().create_run("0").info
        self.root = self.run.artifact_uri.replace("mlflow-artifacts:/", "")

    def test_a_large_file_goes_up_and_down_in_parts(self):
        content = os.urandom(17 * mebibyte + 123)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "grün 2.bin")
            path.write_bytes(content)
            MlflowClient().log_artifact(self.run.run_id, str(path), "deep/er")
            listed = MlflowClient().list_artifacts(self.run.run_id, "deep/er")
            self.assertEqual([(each.path, each.file_size) for each in listed], [("deep/er/grün 2.bin", len(content))])
            back = mlflow.artifacts.download_artifacts(run_id=self.run.run_id, artifact_path="deep/er/grün 2.bin", dst_path=folder + "/down")
            self.assertEqual(Path(back).read_bytes(), content)

    def begin(self, name="a.bin", parts=2):
        return requests.post(f"{proxy}/mpu/create/{self.root}", json={"path": f"/home/x/{name}", "num_parts": parts})

    def finish(self, upload, parts, name="a.bin", how="complete"):
        return requests.post(f"{proxy}/mpu/{how}/{self.root}", json={"path": f"/home/x/{name}", "upload_id": upload, "parts": parts})

    def test_parts_in_any_order_and_again(self):
        made = self.begin().json()
        urls = {each["part_number"]: each["url"] for each in made["credentials"]}
        etags = {}
        for number, body in [(2, b"world"), (1, b"HALLO "), (1, b"hello ")]:
            answer = requests.put(urls[number], data=body)
            self.assertEqual(answer.status_code, 200)
            etags[number] = answer.headers["ETag"]
            self.assertEqual(etags[number], f'"{hashlib.sha256(body).hexdigest()}"')
        parts = [{"part_number": number, "etag": etags[number], "url": urls[number]} for number in (1, 2)]
        self.assertEqual(self.finish(made["upload_id"], parts, name="b.bin").status_code, 400)
        self.assertEqual(self.finish(made["upload_id"], parts[::-1]).status_code, 400)
        self.assertEqual(self.finish(made["upload_id"], [{**parts[0], "etag": "0" * 64}, parts[1]]).status_code, 400)
        self.assertEqual(self.finish(made["upload_id"], parts).status_code, 200)
        self.assertEqual(requests.get(f"{proxy}/artifacts/{self.root}/a.bin").content, b"hello world")
        self.assertEqual(self.finish(made["upload_id"], parts).status_code, 404)

    def test_giving_up_leaves_nothing(self):
        made = self.begin().json()
        self.assertEqual(requests.put(made["credentials"][0]["url"], data=b"x").status_code, 200)
        self.assertEqual(self.finish(made["upload_id"], [], how="abort").status_code, 200)
        self.assertEqual(requests.put(made["credentials"][0]["url"], data=b"x").status_code, 404)
        self.assertEqual(requests.get(f"{proxy}/artifacts/{self.root}/a.bin").status_code, 404)

    def test_addresses_are_good_for_one_thing(self):
        url = self.begin().json()["credentials"][0]["url"]
        self.assertEqual(requests.put(url.replace("/part/", "/part/0"), data=b"x").status_code, 403)
        self.assertEqual(requests.put(url.split("?")[0], data=b"x").status_code, 403)
        self.assertEqual(requests.put(url.replace("until=", "until=9"), data=b"x").status_code, 403)
        requests.put(f"{proxy}/artifacts/{self.root}/f.txt", data=b"text")
        signed = requests.get(f"{proxy}/presigned/{self.root}/f.txt").json()
        self.assertEqual(signed["file_size"], 4)
        self.assertEqual(requests.get(signed["url"], headers={"Range": "bytes=1-2"}).content, b"ex")
        self.assertEqual(requests.get(signed["url"].replace("f.txt", "g.txt")).status_code, 403)
        self.assertEqual(requests.get(f"{proxy}/presigned/{self.root}/none.txt").status_code, 404)

    def test_refusals(self):
        self.assertEqual(self.begin(parts=0).status_code, 400)
        self.assertEqual(self.begin(parts=10_001).status_code, 400)
        self.assertEqual(requests.post(f"{proxy}/mpu/create/{self.root}", json={}).status_code, 400)
        self.assertEqual(requests.post(f"{proxy}/mpu/create/../..", json={"path": "x", "num_parts": 1}).status_code, 404)
        self.assertEqual(requests.post(f"{proxy}/mpu/create/{self.root}", json={"path": "..", "num_parts": 1}).status_code, 400)
        self.assertEqual(self.finish("0" * 64, [{"part_number": 1, "etag": "x"}]).status_code, 404)
        self.assertEqual(self.finish("../../x", [{"part_number": 1, "etag": "x"}]).status_code, 404)


class Workspaces(unittest.TestCase):
    def tearDown(self):
        mlflow.set_workspace(None)

    def test_a_workspace_is_a_project(self):
        name = unique("team")
        self.assertEqual(mlflow.create_workspace(name).name, name)
        self.assertIn(name, [each.name for each in mlflow.list_workspaces()])
        self.assertEqual(mlflow.get_workspace(name).name, name)
        with self.assertRaises(MlflowException) as caught:
            mlflow.create_workspace(name)
        self.assertEqual(caught.exception.error_code, "RESOURCE_ALREADY_EXISTS")
        with self.assertRaises(MlflowException) as caught:
            mlflow.get_workspace(unique("nobody"))
        self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")
        mlflow.set_workspace(name)
        experiment = mlflow.set_experiment("only here")
        with mlflow.start_run():
            mlflow.log_metric("m", 1)
            mlflow.log_text("x", "x.txt")
        self.assertEqual(len(mlflow.search_runs()), 1)
        mlflow.MlflowClient().create_registered_model("same name")
        mlflow.set_workspace(None)
        self.assertIsNone(mlflow.get_experiment_by_name("only here"))
        self.assertNotIn("same name", [m.name for m in mlflow.search_registered_models()])
        self.assertEqual(requests.get(f"{uri}/projects/{name}/api/2.0/mlflow/experiments/get-by-name?experiment_name=only%20here").json()["experiment"]["experiment_id"], experiment.experiment_id)


if __name__ == "__main__":
    unittest.main()
