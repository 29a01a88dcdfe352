"""The file ``MLmodel`` that lets MLflow load a model of ours: ``mlflow.pyfunc.load_model("runs:/<run>/<key>")`` and each framework's own.

Written for models of frameworks whose form MLflow reads as it is. JSON is YAML, so the standard library is enough.
"""

import json
import platform
import sys

FILE = "MLmodel"


def content(framework, model_file, body, key):
    """The bytes of the file, or None when MLflow has no form like this one. ``body`` is the model object, or None for a finished file."""
    make = _flavors.get(framework)
    if make is None or not model_file:
        return None
    made = make(model_file, body)
    if made is None:
        return None
    flavor, loader = made
    model = {
        "artifact_path": key,
        "flavors": {framework: flavor, "python_function": {"python_version": platform.python_version(), **loader}},
    }
    return (json.dumps(model, indent=1) + "\n").encode()


def _sklearn(model_file, body):
    if body is None and not model_file.endswith((".pkl", ".pickle")):
        return None
    form = "cloudpickle" if "cloudpickle" in sys.modules else "pickle"
    flavor = {"pickled_model": model_file, "serialization_format": form, "sklearn_version": _version("sklearn"), "code": None}
    return flavor, {"loader_module": "mlflow.sklearn", "model_path": model_file, "predict_fn": "predict"}


def _xgboost(model_file, body):
    suffix = model_file.rpartition(".")[2]
    if suffix not in ("ubj", "json", "bst", "xgb", "model"):
        return None
    kind = "xgboost.core.Booster" if body is None else _class_of(body)
    flavor = {"xgb_version": _version("xgboost"), "data": model_file, "model_class": kind, "model_format": suffix, "code": None}
    return flavor, {"loader_module": "mlflow.xgboost", "data": model_file}


def _lightgbm(model_file, body):
    is_text = model_file.endswith(".txt")
    if not is_text and body is None:
        return None
    # What is no booster is pickled, as MLflow does it.
    kind = "lightgbm.basic.Booster" if is_text else _class_of(body)
    flavor = {"lgb_version": _version("lightgbm"), "data": model_file, "model_class": kind, "code": None}
    if not is_text:
        flavor["serialization_format"] = "cloudpickle" if "cloudpickle" in sys.modules else "pickle"
    return flavor, {"loader_module": "mlflow.lightgbm", "data": model_file, "predict_fn": "predict"}


_flavors = {"sklearn": _sklearn, "xgboost": _xgboost, "lightgbm": _lightgbm}


def _class_of(body):
    return "%s.%s" % (type(body).__module__, type(body).__qualname__)


def _version(package):
    return str(getattr(sys.modules.get(package), "__version__", ""))
