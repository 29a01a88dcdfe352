# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Test a kept classifier on a table: scores, the confusion matrix, and the rows with their predictions."""


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


def _model(model_path):
    """The model behind an input, a path of a file or of a folder, or the address of a model artifact."""
    import os
    import pickle

    path = model_path.local() if hasattr(model_path, "local") else str(model_path)
    if os.path.isdir(path):
        found = sorted(name for name in os.listdir(path) if name.endswith((".pkl", ".pickle", ".joblib")))
        if not found:
            raise ValueError("there is no pickled model (.pkl, .joblib) in %s" % path)
        path = os.path.join(path, found[0])
    if path.endswith(".joblib"):
        import joblib

        return joblib.load(path)
    with open(path, "rb") as file:
        return pickle.load(file)


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


def test_classifier(
    context,
    models_path,
    test_set,
    label_column: str = "label",
    drop_columns: list = None,
    predictions_column: str = "predicted",
    score_below: float = None,
):
    """Compare what a model says with what is so.

    :param models_path:        the model: an artifact, a file or a folder
    :param test_set:           the table
    :param label_column:       the column to be told
    :param drop_columns:       columns to leave out
    :param predictions_column: name of the column of predictions
    :param score_below:        fail the run when the accuracy is below this
    """
    features, label = _labelled(test_set, label_column, drop_columns)
    model = _model(models_path)
    features = features[list(model.feature_names_in_)] if hasattr(model, "feature_names_in_") else features
    predicted, scores = _scores(model, features, label, True)
    context.log_results(scores)
    _log_confusion(context, label, predicted)
    context.log_dataset("test_set_predictions", df=features.assign(**{label.name: label, predictions_column: predicted}), format="csv")
    if score_below is not None and scores["accuracy"] < score_below:
        raise ValueError("the accuracy %.4f is below %s" % (scores["accuracy"], score_below))
