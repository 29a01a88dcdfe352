"""Webhooks and prompts through the official MLflow client: MLFLOW_TRACKING_URI says where. Standard library's unittest only."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import threading
import time
import unittest
import uuid

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent, WebhookStatus
from mlflow.exceptions import MlflowException

uri = os.environ["MLFLOW_TRACKING_URI"]


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class Receiver:
    def __enter__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                told.append(({key.lower(): value for key, value in self.headers.items()}, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, events):
        """What was told of each event, once there is something of all of them."""
        until = time.monotonic() + 60
        while True:
            told = [json.loads(body) for _, body in list(self.told)]
            data = {f"{each['entity']}.{each['action']}": each["data"] for each in told}
            if set(events) <= set(data) or time.monotonic() > until:
                return data
            time.sleep(0.05)


class Webhooks(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        for webhook in self.client.list_webhooks():
            self.client.delete_webhook(webhook.webhook_id)

    def test_the_life_of_a_webhook(self):
        made = self.client.create_webhook(unique("hook"), "https://example.org/x", events=["model_version.created", "prompt_tag.set"], description="first", secret="s")
        self.assertEqual(made.status, WebhookStatus.ACTIVE)
        self.assertEqual({str(event) for event in made.events}, {"model_version.created", "prompt_tag.set"})
        changed = self.client.update_webhook(made.webhook_id, description="second", status="DISABLED", events=["registered_model.created"])
        self.assertEqual((changed.description, changed.status, changed.name), ("second", WebhookStatus.DISABLED, made.name))
        self.assertEqual(self.client.get_webhook(made.webhook_id).events, [WebhookEvent(WebhookEntity.REGISTERED_MODEL, WebhookAction.CREATED)])
        for _ in range(4):
            self.client.create_webhook(unique("hook"), "https://example.org/y", events=["model_version.created"])
        page = self.client.list_webhooks(max_results=3)
        self.assertEqual((len(page), len(self.client.list_webhooks(max_results=3, page_token=page.token))), (3, 2))
        self.client.delete_webhook(made.webhook_id)
        with self.assertRaises(MlflowException) as caught:
            self.client.get_webhook(made.webhook_id)
        self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")

    def test_refusals(self):
        for fields in [
            {"url": "https://example.org/", "events": []},
            {"url": "nonsense", "events": ["model_version.created"]},
            {"name": "-x", "url": "https://example.org/", "events": ["model_version.created"]},
        ]:
            with self.assertRaises(MlflowException) as caught:
                self.client.create_webhook(**{"name": unique("hook"), **fields})
            self.assertEqual(caught.exception.error_code, "INVALID_PARAMETER_VALUE")
        body = {"name": unique("hook"), "url": "https://example.org/", "events": [{"entity": "MODEL_VERSION", "action": "DELETED"}]}
        self.assertEqual(requests.post(f"{uri}/api/2.0/mlflow/webhooks", json=body).status_code, 400)

    def test_what_models_tell(self):
        with Receiver() as receiver:
            events = ["registered_model.created", "model_version.created", "model_version_tag.set", "model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted"]
            made = self.client.create_webhook(unique("hook"), receiver.url, events=events, secret="very secret")
            name = unique("model")
            self.client.create_registered_model(name, tags={"t": "u"}, description="about")
            self.client.create_model_version(name, "s3://bucket/model", tags={"a": "b"})
            self.client.set_model_version_tag(name, "1", "k", "v")
            self.client.delete_model_version_tag(name, "1", "k")
            self.client.set_registered_model_alias(name, "best", "1")
            self.client.delete_registered_model_alias(name, "best")
            self.client.set_registered_model_tag(name, "nobody", "asks")
            data = receiver.wait(events)
            self.assertEqual(set(data), set(events))
            self.assertEqual(data["registered_model.created"], {"name": name, "tags": {"t": "u"}, "description": "about"})
            self.assertEqual(data["model_version.created"], {"name": name, "version": "1", "source": "s3://bucket/model", "run_id": None, "tags": {"a": "b"}, "description": None})
            self.assertEqual(data["model_version_tag.set"], {"name": name, "version": "1", "key": "k", "value": "v"})
            self.assertEqual(data["model_version_alias.created"], {"name": name, "version": "1", "alias": "best"})
            self.assertEqual(data["model_version_alias.deleted"]["alias"], "best")
            headers, body = receiver.told[0]
            signed = f"{headers['x-mlflow-delivery-id']}.{headers['x-mlflow-timestamp']}.{body.decode()}".encode()
            expected = base64.b64encode(hmac.new(b"very secret", signed, hashlib.sha256).digest()).decode()
            self.assertEqual(headers["x-mlflow-signature"], f"v1,{expected}")
            result = self.client.test_webhook(made.webhook_id, event="model_version_tag.set")
            self.assertEqual((result.success, result.response_status), (True, 200))
            log = requests.get(f"{uri}/api/2.0/mlflow/webhooks/{made.webhook_id}/deliveries").json()["deliveries"]
            self.assertEqual(len(log), 6)

    def test_what_prompts_tell(self):
        with Receiver() as receiver:
            events = ["prompt.created", "prompt_version.created", "prompt_tag.set", "prompt_version_tag.set", "prompt_alias.created"]
            self.client.create_webhook(unique("hook"), receiver.url, events=events)
            name = unique("prompt")
            mlflow.genai.register_prompt(name, "Hello {{who}}", commit_message="first", tags={"a": "b"})
            mlflow.genai.set_prompt_tag(name, "k", "v")
            mlflow.genai.set_prompt_version_tag(name, 1, "x", "y")
            mlflow.genai.set_prompt_alias(name, "live", 1)
            data = receiver.wait(events)
            self.assertEqual(set(data), set(events))
            self.assertEqual(data["prompt_version.created"]["template"], "Hello {{who}}")


class Prompts(unittest.TestCase):
    def test_register_load_search_alias_and_tag(self):
        name = unique("prompt")
        first = mlflow.genai.register_prompt(name, "Summarise: {{ text }}", commit_message="first", tags={"task": "sum"})
        second = mlflow.genai.register_prompt(name, [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "{{ q }} 好"}], tags={"task": "chat"})
        self.assertEqual((first.version, second.version), (1, 2))
        self.assertEqual(mlflow.genai.load_prompt(name, 1).format(text="x"), "Summarise: x")
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{name}/2").template[1]["content"], "{{ q }} 好")
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{name}@latest").version, 2)
        mlflow.genai.set_prompt_alias(name, "production", 1)
        self.assertEqual(mlflow.genai.load_prompt(f"prompts:/{name}@production").template, "Summarise: {{ text }}")
        mlflow.genai.delete_prompt_alias(name, "production")
        self.assertIsNone(mlflow.genai.load_prompt(f"prompts:/{name}@production", allow_missing=True))
        self.assertIsNone(mlflow.genai.load_prompt(unique("nobody"), 1, allow_missing=True))
        mlflow.genai.set_prompt_tag(name, "owner", "ann")
        self.assertEqual(mlflow.genai.get_prompt_tags(name)["owner"], "ann")
        mlflow.genai.delete_prompt_tag(name, "owner")
        mlflow.genai.set_prompt_version_tag(name, 1, "quality", "good")
        self.assertEqual(mlflow.genai.load_prompt(name, 1).tags["quality"], "good")
        self.assertEqual([p.name for p in mlflow.genai.search_prompts(f"name = '{name}'")], [name])
        client = MlflowClient()
        self.assertEqual([v.version for v in client.search_prompt_versions(name)], [2, 1])
        self.assertNotIn(name, [m.name for m in client.search_registered_models()])
        with self.assertRaises(MlflowException):
            client.create_registered_model(name)
        client.delete_prompt_version(name, "2")
        client.delete_prompt_version(name, "1")
        client.delete_prompt(name)
        self.assertEqual(list(mlflow.genai.search_prompts(f"name = '{name}'")), [])

    def test_prompts_of_traces(self):
        os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
        experiment = mlflow.set_experiment(unique("prompted")).experiment_id
        name = unique("prompt")
        mlflow.genai.register_prompt(name, "Say {{ it }}")
        with mlflow.start_span("asks") as span:
            mlflow.genai.load_prompt(name, 1).format(it="hi")
        found = []
        until = time.monotonic() + 30
        while not found and time.monotonic() < until:
            found = mlflow.search_traces(locations=[experiment], filter_string=f"prompt = '{name}/1'", return_type="list")
        self.assertEqual([t.info.trace_id for t in found], [span.trace_id])


if __name__ == "__main__":
    unittest.main()
