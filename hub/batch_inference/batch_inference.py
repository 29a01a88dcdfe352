# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Let a kept model say what it makes of every row of a table, and see whether the table looks like the one it was trained on."""


def _frame(data):
    """The table behind an input, a path or a frame."""
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data
    if hasattr(data, "as_df"):
        return data.as_df()
    path = str(data)
    return pandas.read_parquet(path) if path.endswith((".parquet", ".pq")) else pandas.read_csv(path)


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


def infer(
    context,
    dataset,
    model_path,
    drop_columns: list = None,
    label_columns: list = None,
    feature_columns: list = None,
    result_set_name: str = "prediction",
    batch_id: str = "",
    sample_set=None,
    drift_threshold: float = 0.2,
    file_ext: str = "csv",
):
    """Predict, and measure drift where there is a table to compare with.

    :param dataset:         the table
    :param model_path:      the model: an artifact, a file or a folder
    :param drop_columns:    columns to leave out
    :param label_columns:   names of the columns of predictions (default: predicted)
    :param feature_columns: columns the model takes, in its order (default: as the model knows them)
    :param result_set_name: key of the artifact: the rows with their predictions
    :param batch_id:        a column of its own with this text, where it is given
    :param sample_set:      rows the model was trained on; then drift is measured (population stability index of each column)
    :param drift_threshold: columns above it count as drifted
    :param file_ext:        csv or parquet
    """
    import numpy

    frame = _frame(dataset)
    rows = frame.drop(columns=[each for each in drop_columns or [] if each in frame.columns])
    model = _model(model_path)
    wanted = feature_columns or list(getattr(model, "feature_names_in_", [])) or list(rows.columns)
    missing = [column for column in wanted if column not in rows.columns]
    if missing:
        raise ValueError("the model needs the columns %s, which the table does not have" % ", ".join(map(str, missing)))
    features = rows[wanted]
    predicted = numpy.asarray(model.predict(features))
    predicted = predicted.reshape(len(features), -1)
    names = list(label_columns or [])
    names += ["predicted" if predicted.shape[1] == 1 else "predicted_%d" % at for at in range(len(names), predicted.shape[1])]
    result = frame.assign(**{name: predicted[:, at] for at, name in enumerate(names[: predicted.shape[1]])})
    if batch_id:
        result["batch_id"] = batch_id
    context.log_dataset(result_set_name, df=result, format=file_ext)
    context.log_results({"rows": len(result)})
    if sample_set is not None and not (isinstance(sample_set, str) and sample_set == ""):
        _log_drift(context, _frame(sample_set), features, drift_threshold)


def _log_drift(context, before, now, threshold):
    import pandas

    shared = [column for column in now.columns if column in before.columns]
    drift = {column: _stability(before[column], now[column]) for column in shared}
    table = pandas.DataFrame({"feature": shared, "drift": [drift[each] for each in shared],
                              "drifted": [drift[each] > threshold for each in shared]}).sort_values("drift", ascending=False)
    context.log_dataset("drift", df=table, format="csv")
    context.log_results({"drift_max": max(drift.values(), default=0.0), "drifted_features": int(table["drifted"].sum())})


def _stability(before, now, bins=10):
    """The population stability index: 0 for equal distributions; above 0.2 is usually called a drift."""
    import numpy
    import pandas

    if pandas.api.types.is_numeric_dtype(before) and before.nunique() > bins:
        edges = numpy.unique(numpy.quantile(before.dropna(), numpy.linspace(0, 1, bins + 1)))
        edges[0], edges[-1] = -numpy.inf, numpy.inf
        one, other = (numpy.histogram(values.dropna(), edges)[0] for values in (before, now))
    else:
        values = sorted(set(before.dropna().astype(str)) | set(now.dropna().astype(str)))
        one, other = ([int((each.astype(str) == value).sum()) for value in values] for each in (before, now))
    one, other = (numpy.asarray(counts) + 0.5 for counts in (one, other))
    one, other = one / one.sum(), other / other.sum()
    return float(((one - other) * numpy.log(one / other)).sum())
