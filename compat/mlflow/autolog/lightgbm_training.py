"""Boosting with a validation set: a metric per iteration."""

import lightgbm
from sklearn.datasets import load_iris

features, target = load_iris(return_X_y=True, as_frame=True)
training = lightgbm.Dataset(features[::2], target[::2])
validation = lightgbm.Dataset(features[1::2], target[1::2], reference=training)
parameters = {"objective": "multiclass", "num_class": 3, "learning_rate": 0.2, "num_leaves": 4, "num_threads": 1, "verbose": -1}
lightgbm.train(parameters, training, num_boost_round=5, valid_sets=[validation], valid_names=["validation"])
