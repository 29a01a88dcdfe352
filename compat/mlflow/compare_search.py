"""The same runs in a real MLflow server and in ours, and the same random searches of both: same runs, in the same order, same refusals.

Arguments: our address, the address of the real server. Everything is seeded.

Left out on purpose, since docs/mlflow.md says that they differ: comparisons of NaN, the order of NaN and of missing numbers among
themselves, runs of one millisecond, patterns of artifact_uri, and clauses without an AND between them or with one that nothing follows.
"""

import random
import sys
import uuid

import requests

random.seed(7)
servers = sys.argv[1:3]


def call(server, path, body):
    answer = requests.post(f"{server}/api/2.0/mlflow/{path}", json=body, timeout=60)
    return answer.status_code, answer.json()


words = ["alpha", "Beta", "ga_mma", "de%lta", "a", "A", "10", "9", "0.5", "-1", "é", "x y"]
statuses = ["RUNNING", "FINISHED", "FAILED", "KILLED", "SCHEDULED"]
metric_keys = ["m", "val acc", "deep/er", "k.dotted"]
text_keys = ["p", "some key", "q/r", "dotted.key"]


def make(count=60):
    name = "search-" + uuid.uuid4().hex[:8]
    experiments = [call(server, "experiments/create", {"name": name})[1]["experiment_id"] for server in servers]
    names = [{}, {}]
    for at in range(count):
        label = f"run-{at:03d}"
        status = random.choice(statuses)
        metrics = [
            {"key": key, "value": random.choice([-1.5, 0.0, 0.25, 1.0, 3.0, 1e9]), "timestamp": 1000 + step, "step": step}
            for key in metric_keys
            if random.random() < 0.7
            for step in range(random.randint(1, 3))
        ]
        params = [{"key": key, "value": random.choice(words)} for key in text_keys if random.random() < 0.7]
        tags = [{"key": key, "value": random.choice(words)} for key in text_keys if random.random() < 0.7]
        for server, experiment, known in zip(servers, experiments, names):
            run = call(
                server, "runs/create", {"experiment_id": experiment, "run_name": label, "start_time": 10_000 + at, "user_id": random.Random(at).choice(words)}
            )[1]["run"]["info"]["run_id"]
            known[run] = label
            assert call(server, "runs/log-batch", {"run_id": run, "metrics": metrics, "params": params, "tags": tags})[0] == 200
            end = {} if status in ("RUNNING", "SCHEDULED") else {"end_time": 20_000 + (at * 7) % 31}
            call(server, "runs/update", {"run_id": run, "status": status, **end})
            if at % 9 == 0:
                call(server, "runs/delete", {"run_id": run})
    return experiments, names


def quoted(key):
    if key.isidentifier():
        return key
    return random.choice(["`%s`", '"%s"']) % key


def clause():
    kind = random.randrange(7)
    if kind <= 1:
        number = random.choice(["0", "0.25", "-1.5", "1", "1e9", "3.0"])
        return f"{random.choice(['metrics', 'metric'])}.{quoted(random.choice(metric_keys))} {random.choice(['=', '!=', '>', '>=', '<', '<='])} {number}"
    text = random.choice(words + ["%a%", "A%", "_", "%", "_e%", "%.5"])
    comparator = random.choice(["=", "!=", "LIKE", "ILIKE", "like", "iLike"])
    if kind <= 4:
        entity = random.choice(["params", "param", "parameter", "tags", "tag"])
        if random.random() < 0.1:
            return f"{entity}.{quoted(random.choice(text_keys))} {random.choice(['IS NULL', 'IS NOT NULL', 'is null'])}"
        return f"{entity}.{quoted(random.choice(text_keys))} {comparator} '{text}'"
    if kind == 5:
        name = random.choice(["status", "attributes.status", "attr.run_name", "run_name", "`run name`", "user_id"])
        return f"{name} {comparator} '{random.choice(statuses + ['run-0%', 'F%', text])}'"
    return f"{random.choice(['start_time', 'attributes.end_time', 'created'])} {random.choice(['=', '!=', '>', '>=', '<', '<='])} {random.choice([10_005, 10_050, 20_010, 0])}"


def broken():
    return random.choice(
        [
            "metrics.m > 'x'", "params.p = 1", "params.p > 'a'", "foo.x = 'a'", "attributes.nothing = 'a'", "metrics.m == 1", "metrics.m", "m > ",
            "metrics.m > 1 OR metrics.m < 0", "(metrics.m > 1)", "metrics.m > 1; metrics.m > 2", "tags.p IN ('a')",
            "params.a/b = 'x'", "status > 'a'", "start_time = 'x'", "NOT metrics.m > 1", "metrics.m BETWEEN 1 AND 2", "metrics.m IS NULL", "status IS NULL", "'a' = 'a'",
            "run_id IN ()", "run_name IN ('a')", "metrics.m <> 1", "params.p LIKE 5", "experiment_id = '1'", "1 = 1",
        ]
    )


def order():
    key = random.choice(
        [f"metrics.{quoted(random.choice(metric_keys))}", f"params.{quoted(random.choice(text_keys))}", f"tags.{quoted(random.choice(text_keys))}", "status", "run_name", "end_time", "user_id", "start_time"]
    )
    return f"{key} {random.choice(['ASC', 'DESC', 'asc', 'desc', ''])}".strip()


def search(server, body, known):
    labels, token, pages = [], None, 0
    while True:
        status, answer = call(server, "runs/search", {**body, **({"page_token": token} if token else {})})
        if status != 200:
            return status, answer.get("error_code")
        labels += [known[run["info"]["run_id"]] for run in answer.get("runs", [])]
        token, pages = answer.get("next_page_token"), pages + 1
        if not token or pages > 100:
            return 200, labels


def main():
    experiments, names = make()
    differences, compared = [], 0
    for at in range(400):
        is_broken = at % 8 == 7
        filter_string = broken() if is_broken else " AND ".join(clause() for _ in range(random.randint(0, 3)))
        orders = [] if random.random() < 0.4 else [order()]
        # Equal keys are ordered by start time, newest first, on both.
        body = {
            "filter": filter_string,
            "order_by": orders,
            "max_results": random.choice([7, 1000]),
            "run_view_type": random.choice(["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]),
        }
        ours, theirs = (search(server, {**body, "experiment_ids": [experiment]}, known) for server, experiment, known in zip(servers, experiments, names))
        compared += 1
        if ours != theirs:
            # The real server answers some mistakes with 500; ours are refusals all the same.
            if theirs[0] >= 500 and ours[0] == 400:
                continue
            differences.append((filter_string, orders, body["run_view_type"], ours, theirs))
    for filter_string, orders, view, ours, theirs in differences[:15]:
        print(f"{filter_string!r} {orders} {view}\n  ours   {ours}\n  theirs {theirs}")
    print(f"search: {compared} searches compared, {len(differences)} differ")
    sys.exit(1 if differences else 0)


main()
