"""The handlers of the introduction, with scikit-learn's boosting."""

import pandas as pd
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def iris_generator(context):
    iris = load_iris()
    iris_dataset = pd.DataFrame(data=iris.data, columns=iris.feature_names)
    iris_labels = pd.DataFrame(data=iris.target, columns=["label"])
    iris_dataset = pd.concat([iris_dataset, iris_labels], axis=1)
    context.logger.info(f'Saving Iris data set to "{context.artifact_path}"')
    context.log_dataset("iris_dataset", df=iris_dataset, format="csv", index=False)


def train(context, dataset, max_depth: int = 6, eta: float = 0.2, steps: int = 5):
    df = dataset.as_df()
    x_train, x_test, y_train, y_test = train_test_split(df.drop(["label"], axis=1), df["label"], test_size=0.2, random_state=1)
    model = HistGradientBoostingClassifier(max_depth=int(max_depth), learning_rate=eta, max_iter=steps).fit(x_train, y_train)
    context.log_result("accuracy", float(accuracy_score(y_test, model.predict(x_test))))
    context.log_artifact("model", body=b"model", local_path="model.bst", labels={"framework": "sklearn"})
