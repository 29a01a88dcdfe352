"""The same random models, filters and orders on two servers: an MLflow server and ours. Prints what is answered differently.

Known and left out: ours takes backticks around attributes and a semicolon at the end, and refuses an AND that nothing follows and
clauses without one between them.

    python compare_registry.py http://127.0.0.1:5000 http://127.0.0.1:5001 [seed] [how many questions]
"""

import os
import random
import sys

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

theirs, ours = (MlflowClient(tracking_uri=uri, registry_uri=uri) for uri in sys.argv[1:3])
chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
questions = int(sys.argv[4]) if len(sys.argv) > 4 else 400

values = ["red", "Red", "a b", "a%b", "a_b", "x'y", "true", "false", "", "ü"]
prompt = "mlflow.prompt.is_prompt"


def on_both(call):
    """The answers, with an error as its code and the first words of its message."""
    answers = []
    for client in (theirs, ours):
        try:
            answers.append(call(client))
        except MlflowException as error:
            answers.append((error.error_code, error.message))
    return answers


different = 0


def compare(what, call, strip=lambda answer: answer):
    global different
    left, right = on_both(call)
    if strip(left) == strip(right):
        return
    different += 1
    print(f"{what}\n  mlflow: {left}\n  ours:   {right}")


def codes(answer):
    """Refusals count as the same when their codes are: what else they say is for people."""
    if isinstance(answer, tuple):
        return "INVALID_PARAMETER_VALUE" if answer[0] in ("INTERNAL_ERROR", "BAD_REQUEST") else answer[0]
    return answer


def fill():
    names = [f"{letter}{at}" for at in range(6) for letter in "aB"]
    for name in names:
        tags = {key: chance.choice(values) for key in ("color", "a key") if chance.random() < 0.6}
        if chance.random() < 0.15:
            tags[prompt] = chance.choice(["true", "false"])
        compare(f"create {name} {tags}", lambda client: client._get_registry_client().create_registered_model(name, tags, "d").name)
    for _ in range(60):
        name = chance.choice(names)
        source = chance.choice(["s3://bucket/a", "gs://h/x", "s3://bucket/B_b"])
        tags = {key: chance.choice(values) for key in ("color", "shape") if chance.random() < 0.6}
        compare(
            f"create a version of {name}",
            lambda client: client._get_registry_client().store.create_model_version(name, source).version,
        )
        for key, value in tags.items():
            on_both(lambda client: client._get_registry_client().set_model_version_tag(name, "1", key, value))
    for _ in range(60):
        name, version = chance.choice(names), str(chance.randint(1, 7))
        step = chance.choice(["stage", "alias", "unalias", "delete", "describe"])
        stage = chance.choice(["staging", "Production", "None", "archived", "Nowhere"])
        archive = chance.random() < 0.5
        alias = chance.choice(["champion", "Blue", "v1", "latest", "a b", "x-1_", "7"])
        calls = {
            "stage": lambda client: client.transition_model_version_stage(name, version, stage, archive).current_stage,
            "alias": lambda client: client.set_registered_model_alias(name, alias, version),
            "unalias": lambda client: client.delete_registered_model_alias(name, alias),
            "delete": lambda client: client.delete_model_version(name, version) if chance_of[step] else None,
            "describe": lambda client: client.update_model_version(name, version, "text").description,
        }
        chance_of = {"delete": chance.random() < 0.3}
        compare(f"{step} {name}/{version} {stage} {archive} {alias}", calls[step], codes)
    for name in names:
        compare(f"the model {name}", lambda client: told(client.get_registered_model(name)))
        for alias in ("champion", "Blue", "latest", "7"):
            compare(f"{name}@{alias}", lambda client: client.get_model_version_by_alias(name, alias).version, codes)
        for stages in (None, ["Production"], ["none", "ARCHIVED"]):
            compare(
                f"latest of {name} in {stages}",
                lambda client: sorted((v.current_stage, v.version) for v in client.get_latest_versions(name, stages)),
                codes,
            )


def told(model):
    latest = sorted((v.current_stage, v.version, v.source, tuple(sorted(v.tags.items()))) for v in model.latest_versions)
    return (model.name, model.description, model.tags, dict(model.aliases), latest)


def literal():
    value = chance.choice([*values, "a1", "B2", "s3://%", "%a%", "_1", "A%"])
    return '"' + value + '"' if "'" in value or chance.random() < 0.2 else "'" + value + "'"


def clause(numbers):
    kind = chance.randint(0, 9)
    comparator = chance.choice(["=", "!=", "LIKE", "ILIKE", "like", "ilike", "=", "!=", "<", "=="] if kind == 9 else ["=", "!=", "LIKE", "ILIKE"])
    if kind < 3:
        return f"{chance.choice(['name', 'attribute.name'])} {comparator} {literal()}"
    if kind < 6:
        key = chance.choice(["tags.color", "tag.shape", "tags.`a key`", 'tags."color"', f"tags.`{prompt}`"])
        return f"{key} {comparator} {literal()}"
    if kind == 6:
        return f"name {chance.choice(['IN', 'NOT IN', 'in'])} ({literal()}, 'a1', 'B1')"
    if kind == 7:
        number = chance.choice(["1", "'2'", "3", "2.5", "x", "'x'"] if chance.random() < 0.2 else ["1", "2", "3", "'2'"])
        field = chance.choice(["version_number"] if numbers else ["name"])
        return f"{field} {chance.choice(['=', '!=', '>', '>=', '<', '<='])} {number}"
    return f"{chance.choice(['source_path', 'run_id', 'foo', 'current_stage', 'metrics.x'])} {comparator} {literal()}"


def order(fields):
    keys = chance.sample(fields, chance.randint(0, min(2, len(fields))))
    return [key + chance.choice(["", " ASC", " desc", " DESC"]) for key in keys]


def ask():
    for _ in range(questions):
        for_versions = chance.random() < 0.6
        text = chance.choice([" AND ", " and "]).join(clause(for_versions) for _ in range(chance.randint(0, 3)))
        if chance.random() < 0.05:
            text += chance.choice([" OR name = 'a'", "; name = 'a'", " )", " '"])
        if for_versions:
            by = order(["name", "version_number", "creation_timestamp", "last_updated_timestamp"])

            def call(client):
                return [f"{v.name}/{v.version}" for v in client.search_model_versions(text, order_by=by, max_results=1000)]

        else:
            by = order(["name", "last_updated_timestamp"])

            def call(client):
                store = client._get_registry_client().store
                return [model.name for model in store.search_registered_models(text, order_by=by, max_results=100)]

        compare(f"{'versions' if for_versions else 'models'} where {text!r} by {by}", call, codes)


fill()
ask()
print(f"{different} answers differ")
sys.exit(different > 0)
