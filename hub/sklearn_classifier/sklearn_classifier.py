# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Train any classifier of scikit-learn on a table, test it on a part it has not seen, and keep the model."""
import pickle


def _frame(data):
    """The table behind an input, a path or a frame."""
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data
    if hasattr(data, "as_df"):
        return data.as_df()
    path = str(data)
    return pandas.read_parquet(path) if path.endswith((".parquet", ".pq")) else pandas.read_csv(path)


def _labelled(data, label_column, drop_columns):
    frame = _frame(data)
    label_column = label_column[0] if isinstance(label_column, (list, tuple)) else label_column
    if label_column not in frame.columns:
        raise ValueError("there is no column %r; there are %s" % (label_column, ", ".join(map(str, frame.columns))))
    frame = frame.dropna(subset=[label_column])
    return frame.drop(columns=[label_column] + [each for each in drop_columns or [] if each in frame.columns]), frame[label_column]


def _scores(model, features, label, is_class):
    """What the predictions of a model are worth, and the predictions."""
    from sklearn import metrics

    predicted = model.predict(features)
    if not is_class:
        error = metrics.mean_squared_error(label, predicted)
        return predicted, {"r2": float(metrics.r2_score(label, predicted)), "rmse": float(error) ** 0.5,
                           "mae": float(metrics.mean_absolute_error(label, predicted))}
    scores = {"accuracy": float(metrics.accuracy_score(label, predicted)),
              "f1": float(metrics.f1_score(label, predicted, average="weighted")),
              "precision": float(metrics.precision_score(label, predicted, average="weighted", zero_division=0)),
              "recall": float(metrics.recall_score(label, predicted, average="weighted", zero_division=0))}
    if hasattr(model, "predict_proba") and len(set(label)) == len(getattr(model, "classes_", [])):
        shares = model.predict_proba(features)
        shares = shares[:, 1] if shares.shape[1] == 2 else shares
        scores["roc_auc"] = float(metrics.roc_auc_score(label, shares, multi_class="ovr"))
    return predicted, scores


def _log_confusion(context, label, predicted):
    import pandas
    from sklearn.metrics import confusion_matrix

    names = sorted(set(label) | set(predicted))
    table = pandas.DataFrame(confusion_matrix(label, predicted, labels=names), columns=["predicted %s" % name for name in names])
    table.insert(0, "actual", names)
    context.log_dataset("confusion_matrix", df=table, format="csv")


def train_model(
    context,
    dataset,
    model_pkg_class: str = "sklearn.linear_model.LogisticRegression",
    label_column: str = "label",
    drop_columns: list = None,
    train_test_split_size: float = 0.25,
    random_state: int = 1,
    model_name: str = "model",
    model_params: dict = None,
):
    """Train one classifier.

    :param dataset:               the table
    :param model_pkg_class:       the class, as in sklearn.ensemble.RandomForestClassifier
    :param label_column:          the column to be told
    :param drop_columns:          columns to leave out
    :param train_test_split_size: share of the rows to test with
    :param random_state:          seed of the split, and of the model where it takes one
    :param model_name:            key of the model
    :param model_params:          parameters of the class
    """
    from importlib import import_module
    from sklearn.model_selection import train_test_split

    module, _, name = model_pkg_class.rpartition(".")
    if not module.startswith("sklearn"):
        raise ValueError("model_pkg_class is a class of scikit-learn, as in sklearn.ensemble.RandomForestClassifier, not %r" % model_pkg_class)
    kind = getattr(import_module(module), name, None)
    if kind is None:
        raise ValueError("there is no %s in %s" % (name, module))
    features, label = _labelled(dataset, label_column, drop_columns)
    features = features.select_dtypes(["number", "bool"])
    parts = train_test_split(features, label, test_size=train_test_split_size, random_state=random_state, stratify=label)
    train_features, test_features, train_label, test_label = parts
    model = kind(**(model_params or {}))
    if "random_state" in model.get_params() and "random_state" not in (model_params or {}):
        model.set_params(random_state=random_state)
    model.fit(train_features, train_label)
    predicted, scores = _scores(model, test_features, test_label, True)
    context.log_results(scores)
    _log_confusion(context, test_label, predicted)
    context.log_dataset("test_set", df=test_features.assign(**{label.name: test_label}), format="csv", label_column=label.name)
    context.log_model(model_name, body=pickle.dumps(model), model_file=model_name + ".pkl", framework="sklearn", algorithm=name,
                      metrics=scores, training_set=train_features.assign(**{label.name: train_label}), label_column=label.name)
