"""What two tracking servers hold, side by side through the official client. Prints what differs and ends with 1.

    python compare.py <theirs> <ours> [--new-ids] [--traces]

Each is a server's address or a folder. With --new-ids runs and models are told apart by their names, as a server that records are
written to gives ids of its own.
"""

import math
import os
import sys

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import ViewType

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
new_ids = "--new-ids" in sys.argv
compares_traces = "--traces" in sys.argv
# Set by whoever makes the run, not by the client that asks.
own_tags = ("mlflow.user", "mlflow.runName", "mlflow.parentRunId", "mlflow.modelVersions", "trainyard.runId", "trainyard.modelId", "mlflow.log-model.history")
biggest = 1.7976931348623157e308


def number(value):
    if math.isnan(value):
        return "nan"
    return math.copysign(biggest, value) if abs(value) >= biggest else value


def tags_of(tags):
    return {key: value for key, value in tags.items() if key not in own_tags}


def all_pages(ask):
    token, found = None, []
    while True:
        page = ask(token)
        found.extend(page)
        token = page.token
        if not token:
            return found


def files_of(client, run_id, folder=None):
    for file in client.list_artifacts(run_id, folder):
        if file.is_dir:
            yield from files_of(client, run_id, file.path)
        else:
            yield file


def contents(uri, run_id, paths):
    texts = {}
    for path in paths:
        with open(download_artifacts(run_id=run_id, artifact_path=path, tracking_uri=uri), "rb") as file:
            texts[path] = file.read()
    return texts


def run_of(uri, client, run, names):
    data, info = run.data, run.info
    metrics = {
        key: sorted({(point.step, point.timestamp, str(number(point.value))) for point in client.get_metric_history(info.run_id, key)})
        for key in data.metrics
    }
    parent = data.tags.get("mlflow.parentRunId")
    found = {
        "name": info.run_name,
        "status": info.status,
        "start": info.start_time,
        "end": info.end_time,
        "user": None if new_ids else info.user_id,
        "stage": info.lifecycle_stage,
        "params": data.params,
        "tags": tags_of(data.tags),
        "parent": names.get(parent, parent),
        "latest": {key: str(number(value)) for key, value in data.metrics.items()},
        "metrics": metrics,
        "datasets": sorted((each.dataset.to_dictionary()["name"], each.dataset.digest, str(each.dataset.schema), str([(tag.key, tag.value) for tag in each.tags])) for each in run.inputs.dataset_inputs),
        "outputs": len(run.outputs.model_outputs) if run.outputs else 0,
    }
    if info.lifecycle_stage == "active":
        files = list(files_of(client, info.run_id))
        found["files"] = sorted((file.path, file.file_size or 0) for file in files)
        found["bytes"] = contents(uri, info.run_id, sorted(file.path for file in files)[:3]) if len(files) < 20 else {}
    return found


def models_of(client, ids, names):
    """Logged models; servers before 3.0 have none."""
    if not hasattr(client, "search_logged_models"):
        return {}
    models = all_pages(lambda token: client.search_logged_models(ids, max_results=50, page_token=token))
    return {
        (model.name, names.get(model.source_run_id)) if new_ids else model.model_id: {
            "name": model.name,
            "type": model.model_type or None,
            "status": str(model.status),
            "params": model.params,
            "tags": tags_of(model.tags),
            "created": None if new_ids else model.creation_timestamp,
            "source": names.get(model.source_run_id),
            "metrics": sorted((metric.key, metric.step, str(number(metric.value))) for metric in model.metrics or []),
        }
        for model in models
    }


def registry_of(client, names):
    found = {}
    for model in all_pages(lambda token: client.search_registered_models(page_token=token)):
        versions = {}
        for version in all_pages(lambda token: client.search_model_versions(f"name='{model.name}'", page_token=token)):
            version = client.get_model_version(model.name, version.version)
            versions[str(version.version)] = {
                "stage": version.current_stage,
                "description": version.description or None,
                "tags": version.tags,
                "status": version.status,
                "run": names.get(version.run_id, version.run_id),
                "aliases": sorted(version.aliases),
                "created": None if new_ids else version.creation_timestamp,
                "updated": None if new_ids else version.last_updated_timestamp,
                "source": None if new_ids else version.source,
            }
        found[model.name] = {
            "description": model.description or None,
            "tags": model.tags,
            "aliases": {alias: str(version) for alias, version in model.aliases.items()},
            "created": None if new_ids else model.creation_timestamp,
            "versions": versions,
        }
    return found


# Each place has its own.
places = ("mlflow.artifactLocation", "mlflow.trace.spansLocation")


def traces_of(client, ids):
    if not hasattr(client, "search_traces") or not compares_traces:
        return {}
    found = {}
    for trace in all_pages(lambda token: client.search_traces(locations=ids, max_results=50, page_token=token)):
        info = trace.info.to_dict()
        del info["trace_location"]
        info["tags"] = {key: value for key, value in info["tags"].items() if key not in places}
        info["assessments"] = sorted((str(sorted(each.items())) for each in info.get("assessments", [])))
        spans = sorted((span.to_dict() for span in trace.data.spans), key=lambda span: span["span_id"])
        found[trace.info.trace_id] = {"info": info, "spans": spans}
    return found


def everything(uri):
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiments = all_pages(lambda token: client.search_experiments(ViewType.ACTIVE_ONLY if new_ids else ViewType.ALL, page_token=token))
    view = ViewType.ACTIVE_ONLY if new_ids else ViewType.ALL
    runs = all_pages(lambda token: client.search_runs([each.experiment_id for each in experiments], run_view_type=view, page_token=token))
    names = {run.info.run_id: run.info.run_name if new_ids else run.info.run_id for run in runs}
    of_experiment = {each.experiment_id: each.name for each in experiments}
    return {
        "experiments": {
            each.name: {"stage": each.lifecycle_stage, "tags": each.tags, "created": None if new_ids else each.creation_time}
            for each in experiments
            if each.name != "Default"
        },
        "runs": {
            (of_experiment[run.info.experiment_id], names[run.info.run_id]): run_of(uri, client, run, names) for run in runs
        },
        "logged models": models_of(client, [each.experiment_id for each in experiments], names),
        "traces": traces_of(client, [each.experiment_id for each in experiments]),
        "registry": registry_of(client, names),
    }


def differences(left, right, path=""):
    if isinstance(left, dict) and isinstance(right, dict):
        for key in {**left, **right}:
            if key not in left or key not in right:
                yield f"{path}/{key}: only {'there' if key in left else 'here'}"
            else:
                yield from differences(left[key], right[key], f"{path}/{key}")
    elif left != right:
        yield f"{path}: {str(left)[:300]} there, {str(right)[:300]} here"


there, here = (everything(uri) for uri in [each for each in sys.argv[1:] if not each.startswith("--")])
found = list(differences(there, here))
print("\n".join(found[:40]))
points = sum(len(metric) for run in there["runs"].values() for metric in run["metrics"].values())
traces = f" and {len(there['traces'])} traces" if compares_traces else ""
print(f"{len(there['runs'])} runs with {points} points{traces} compared, {len(found)} differences")
sys.exit(1 if found else 0)
