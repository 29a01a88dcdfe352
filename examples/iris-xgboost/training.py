# /// script
# requires-python = ">=3.9"
# dependencies = [
#   "numpy",
#   "pandas",
#   "scikit-learn",
#   "xgboost-cpu",
# ]
# ///
"""Two steps of a small project: make the data set, then train a gradient-boosted classifier on it."""

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def iris_generator(context):
    """Logs Fisher's iris data (150 flowers, three species) as a data set with statistics."""
    iris = load_iris()
    iris_dataset = pd.DataFrame(data=iris.data, columns=iris.feature_names)
    iris_labels = pd.DataFrame(data=iris.target, columns=["label"])
    iris_dataset = pd.concat([iris_dataset, iris_labels], axis=1)
    context.logger.info('Saving Iris data set to "{}"'.format(context.out_path))
    context.log_dataset("iris_dataset", df=iris_dataset, format="csv", stats=True)


def xgb_train(
    context,
    dataset: pd.DataFrame,
    model_name="model.bst",
    max_depth=6,
    num_class=3,
    eta=0.2,
    gamma=0.1,
    steps=20,
    seed=0,
):
    """Trains on half of the data and logs the accuracy on the other half, its curve over the rounds, and the model."""
    X = dataset.drop(["label"], axis=1)
    y = dataset["label"]
    X_train, X_test, Y_train, Y_test = train_test_split(X, y, test_size=0.5, random_state=seed)
    dtrain = xgb.DMatrix(X_train, label=Y_train)
    dtest = xgb.DMatrix(X_test, label=Y_test)

    param = {"max_depth": max_depth, "eta": eta, "num_class": num_class, "gamma": gamma, "objective": "multi:softprob"}
    history = {}
    model = xgb.train(param, dtrain, steps, evals=[(dtest, "test")], evals_result=history, verbose_eval=False)
    for step, loss in enumerate(history["test"]["mlogloss"]):
        context.log_metric("loss", loss, step=step)

    predictions = np.argmax(model.predict(dtest), axis=1)
    context.log_result("accuracy", float(accuracy_score(Y_test, predictions)))
    context.log_model("model", body=bytes(model.save_raw()), model_file=model_name, framework="xgboost")
