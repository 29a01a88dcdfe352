"""A classifier, trained as a script that knows of no tracking."""

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

features, target = load_iris(return_X_y=True, as_frame=True)
RandomForestClassifier(n_estimators=7, max_depth=3, random_state=1).fit(features, target)
