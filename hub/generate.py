"""Writes what follows from the code of each item: function.yaml, item.yaml, README.md, and the catalogue. `--check` only compares.

Standard library only. An item is a folder with one Python file of its name. Clients fetch that file
alone, so items share no module: what several of them need (reading a table, splitting it) each of them has.
"""
import ast
import base64
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = "1.0.0"

ITEMS = {
    "describe": ("analyze", ["data-analysis"], "-i table=iris.csv -p label_column=label"),
    "load_dataset": ("load_dataset", ["data-preparation"], "-p dataset=iris"),
    "gen_class_data": ("gen_class_data", ["data-generation"], "-p n_samples=500 -p k_classes=3"),
    "aggregate": ("aggregate", ["data-preparation"], '-i df_artifact=events.csv -p \'keys=["machine"]\' -p \'metrics=["heat"]\' -p window=5'),
    "feature_selection": ("feature_selection", ["data-preparation", "machine-learning"], "-i df_artifact=iris.csv -p k=2"),
    "sklearn_classifier": (
        "train_model", ["machine-learning", "model-training"],
        "-i dataset=iris.csv -p model_pkg_class=sklearn.ensemble.RandomForestClassifier",
    ),
    "auto_trainer": ("train", ["machine-learning", "model-training"], "-i dataset=iris.csv -p time_budget=30"),
    "test_classifier": ("test_classifier", ["model-testing"], "-i models_path=store://models/default/model -i test_set=iris.csv"),
    "batch_inference": ("infer", ["model-serving"], "-i model_path=store://models/default/model -i dataset=iris.csv -i sample_set=iris.csv"),
}


def described(path):
    with open(path, encoding="utf-8") as file:
        code = file.read()
    tree = ast.parse(code)
    header = re.search(r"# dependencies = (\[.*\])", code)
    functions = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            functions[node.name] = describe_function(node)
    return code, ast.get_docstring(tree), json.loads(header.group(1)) if header else [], functions


def describe_function(node):
    doc = ast.get_docstring(node) or ""
    docs = dict(re.findall(r":param (\w+):\s*(.*)", doc))
    given = node.args.args
    defaults = [None] * (len(given) - len(node.args.defaults)) + list(node.args.defaults)
    parameters = []
    for argument, default in zip(given, defaults):
        if argument.arg == "context":
            continue
        one = {"name": argument.arg}
        if argument.annotation is not None:
            one["type"] = ast.unparse(argument.annotation)
        elif default is None or argument.arg.endswith("_set"):
            one["type"] = "DataItem"
        if argument.arg in docs:
            one["doc"] = docs[argument.arg]
        if default is not None:
            one["default"] = ast.literal_eval(default)
        parameters.append(one)
    return {"name": node.name, "doc": doc.split("\n")[0], "parameters": parameters, "outputs": [], "lineno": node.lineno}


def yaml_of(value, indent=0):
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join("%s%s:%s" % (pad, key, nested(each, indent + 1)) for key, each in value.items())
    if isinstance(value, list) and value:
        return "".join("%s-%s" % (pad, nested(each, indent + 1)) for each in value)
    return pad + scalar(value) + "\n"


def nested(value, indent):
    return "\n" + yaml_of(value, indent) if isinstance(value, (dict, list)) and value else " " + scalar(value) + "\n"


def scalar(value):
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w ./-]*[\w./-]|[A-Za-z_]", value) and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n"):
        return value
    return json.dumps(value, ensure_ascii=False)


def files_of(name):
    handler, categories, example = ITEMS[name]
    code, doc, requirements, functions = described(os.path.join(HERE, name, name + ".py"))
    command = "trainyard run hub://%s %s" % (name, example)
    function = {
        "kind": "job",
        "metadata": {"name": name.replace("_", "-"), "tag": "", "categories": categories},
        "spec": {
            "description": doc, "image": "mlrun/mlrun", "command": "", "default_handler": handler, "disable_auto_mount": False,
            "entry_points": functions,
            "build": {"functionSourceCode": base64.b64encode(code.encode("utf-8")).decode("ascii"), "base_image": "mlrun/mlrun",
                      "commands": [], "origin_filename": "", "requirements": requirements},
        },
        "verbose": False,
    }
    item = {
        "apiVersion": "v1", "kind": "job", "name": name, "version": VERSION, "description": doc, "categories": categories, "doc": "README.md",
        "example": command, "hidden": False, "labels": {"author": "trainyard"}, "maintainers": [],
        "spec": {"filename": name + ".py", "handler": handler, "image": "mlrun/mlrun", "kind": "job", "requirements": requirements},
    }
    return {"function.yaml": yaml_of(function), "item.yaml": yaml_of(item), "README.md": readme(name, handler, doc, requirements, functions, command)}, item


def readme(name, handler, doc, requirements, functions, command):
    lines = ["# %s" % name, "", doc, "", "```sh", command, "```", ""]
    for function in functions.values():
        usual = " (unless `--handler` says otherwise)" if function["name"] == handler and len(functions) > 1 else ""
        lines += ["## `%s`%s" % (function["name"], usual), "", function["doc"], "", "| parameter | type | default | |", "|---|---|---|---|"]
        for one in function["parameters"]:
            default = "`%s`" % json.dumps(one["default"]) if "default" in one else "required"
            lines.append("| `%s` | %s | %s | %s |" % (one["name"], one.get("type", "any"), default, one.get("doc", "")))
        lines.append("")
    return "\n".join(lines + ["Needs %s." % ", ".join("`%s`" % each for each in requirements), ""])


def main():
    wanted = {}
    catalog = {}
    for name in sorted(ITEMS):
        files, item = files_of(name)
        wanted.update({os.path.join(HERE, name, file): text for file, text in files.items()})
        catalog[name] = {tag: {**item, "url": "", "assets": {"source": "src/%s.py" % name, "function": "src/function.yaml", "docs": "src/README.md"}} for tag in ("latest", VERSION)}
    wanted[os.path.join(HERE, "catalog.json")] = json.dumps(catalog, indent=1, sort_keys=True) + "\n"
    stale = []
    for path, text in wanted.items():
        try:
            with open(path, encoding="utf-8") as file:
                same = file.read() == text
        except FileNotFoundError:
            same = False
        if not same:
            stale.append(os.path.relpath(path, HERE))
            if "--check" not in sys.argv:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
    if stale and "--check" in sys.argv:
        sys.exit("not as the code says: %s; run python3 hub/generate.py" % ", ".join(stale))
    print("wrote " + ", ".join(stale) if stale else "all as the code says")


main()
