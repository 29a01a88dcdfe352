"""Both models of a job, loaded by the official client. Arguments: the run's id."""

import sys

import mlflow
import numpy

for name in ("theirs", "ours"):
    loaded = mlflow.pyfunc.load_model(f"runs:/{sys.argv[1]}/{name}")
    assert list(loaded.predict(numpy.array([[0.0], [3.0]]))) == [0, 1], name
assert sys.argv[1] in set(mlflow.search_runs(search_all_experiments=True)["run_id"])
