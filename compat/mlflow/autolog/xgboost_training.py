"""Boosting with a validation set: a metric per iteration."""

import xgboost
from sklearn.datasets import load_iris

features, target = load_iris(return_X_y=True, as_frame=True)
training = xgboost.DMatrix(features[::2], target[::2])
validation = xgboost.DMatrix(features[1::2], target[1::2])
parameters = {"objective": "multi:softprob", "num_class": 3, "eta": 0.3, "max_depth": 2, "nthread": 1}
xgboost.train(parameters, training, num_boost_round=5, evals=[(validation, "validation")], verbose_eval=False)
