# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0", "lightgbm", "xgboost-cpu; python_version >= '3.10'"]
# ///
"""Train, evaluate and use models of tables: scikit-learn, XGBoost and LightGBM, one that is named or the best one found in a given time."""
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


def train(
    context,
    dataset,
    model_class: str = "auto",
    label_columns: str = "label",
    drop_columns: list = None,
    train_test_split_size: float = 0.2,
    random_state: int = 1,
    time_budget: float = 60.0,
    task: str = "",
    model_name: str = "model",
    model_params: dict = None,
    sample_set=None,
    test_set=None,
):
    """Train a model and keep it with its scores on rows it has not seen.

    :param dataset:               the table
    :param model_class:           auto to search, or a class: sklearn.ensemble.RandomForestClassifier, xgboost.XGBRegressor, lightgbm.LGBMClassifier
    :param label_columns:         the column to be told
    :param drop_columns:          columns to leave out
    :param train_test_split_size: share of the rows to test with
    :param random_state:          seed
    :param time_budget:           seconds a search may take
    :param task:                  classification or regression (default: as the label looks)
    :param model_name:            key of the model
    :param model_params:          parameters of the class
    :param sample_set:            rows to keep with the model in place of its training set
    :param test_set:              a table to test with in place of a part of the data set
    """
    from sklearn.model_selection import train_test_split

    features, label = _labelled(dataset, label_columns, drop_columns)
    is_class = _is_class(label, task)
    if _given(test_set):
        train_features, train_label = features, label
        test_features, test_label = _labelled(test_set, label_columns, drop_columns)
    else:
        train_features, test_features, train_label, test_label = train_test_split(
            features, label, test_size=train_test_split_size, random_state=random_state, stratify=label if is_class else None)
    if model_class == "auto":
        kind, params = _search(context, train_features, train_label, is_class, time_budget, random_state)
    else:
        kind, params = model_class, dict(model_params or {})
    model = _pipeline(_make(kind, params, random_state), train_features).fit(train_features, train_label)
    predicted, scores = _scores(model, test_features, test_label, is_class)
    context.log_results({**scores, "model_class": kind, "task": "classification" if is_class else "regression"})
    if is_class:
        _log_confusion(context, test_label, predicted)
    context.log_dataset("test_set", df=test_features.assign(**{label.name: test_label}), format="csv", label_column=label.name)
    kept = _frame(sample_set) if _given(sample_set) else train_features.assign(**{label.name: train_label})
    context.log_model(model_name, body=pickle.dumps(model), model_file=model_name + ".pkl", framework=kind.split(".")[0],
                      algorithm=kind.split(".")[-1], metrics=scores, parameters=params, training_set=kept, label_column=label.name)


def evaluate(context, model, dataset, label_columns: str = "label", drop_columns: list = None, task: str = ""):
    """Scores of a kept model on another table.

    :param model:         the model: an artifact, a file or a folder
    :param dataset:       the table
    :param label_columns: the column to be told
    :param drop_columns:  columns to leave out
    :param task:          classification or regression (default: as the label looks)
    """
    features, label = _labelled(dataset, label_columns, drop_columns)
    is_class = _is_class(label, task)
    predicted, scores = _scores(_model(model), features, label, is_class)
    context.log_results(scores)
    if is_class:
        _log_confusion(context, label, predicted)


def predict(context, model, dataset, drop_columns: list = None, result_set: str = "predictions", label_columns: str = "predicted"):
    """What a kept model makes of every row.

    :param model:         the model: an artifact, a file or a folder
    :param dataset:       the table
    :param drop_columns:  columns to leave out
    :param result_set:    key of the artifact
    :param label_columns: name of the column of predictions
    """
    frame = _frame(dataset)
    features = frame.drop(columns=[each for each in drop_columns or [] if each in frame.columns])
    loaded = _model(model)
    wanted = list(getattr(loaded, "feature_names_in_", features.columns))
    context.log_dataset(result_set, df=frame.assign(**{label_columns: loaded.predict(features[wanted])}), format="csv")
    context.log_results({"rows": len(frame)})


def _given(table):
    return table is not None and not (isinstance(table, str) and table == "")


def _is_class(label, task):
    if task not in ("", "classification", "regression"):
        raise ValueError("task is classification or regression, not %r" % task)
    if task:
        return task == "classification"
    return label.dtype == object or str(label.dtype) in ("category", "bool", "str", "string") or (
        label.nunique() <= 20 and bool((label == label.round()).all()))


def _pipeline(model, features):
    """Missing values filled in, texts as numbers, then the model."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), make_column_selector(dtype_include=["number", "bool"])),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
         make_column_selector(dtype_exclude=["number", "bool"])),
    )
    return make_pipeline(prepare, model)


def _make(kind, params, random_state):
    from importlib import import_module

    module, _, name = kind.rpartition(".")
    if module.split(".")[0] not in ("sklearn", "xgboost", "lightgbm"):
        raise ValueError("model_class is auto, or a class of sklearn, xgboost or lightgbm, not %r" % kind)
    found = getattr(import_module(module), name, None)
    if found is None:
        raise ValueError("there is no %s in %s" % (name, module))
    quiet = {"lightgbm": {"verbose": -1}, "xgboost": {"verbosity": 0}}.get(module.split(".")[0], {})
    model = found(**{**quiet, **params})
    if "random_state" in model.get_params() and "random_state" not in params:
        model.set_params(random_state=random_state)
    if module.startswith("xgboost") and name.endswith("Classifier"):
        # XGBoost knows classes as 0, 1, 2... only; a vote with one voter translates.
        from sklearn.ensemble import VotingClassifier

        return VotingClassifier([("model", model)], voting="soft")
    return model


def _candidates(is_class, random):
    """Models with parameters, the quick ones first, then others at random without end."""
    end = "Classifier" if is_class else "Regressor"
    yield ("sklearn.linear_model.LogisticRegression", {"max_iter": 1000}) if is_class else ("sklearn.linear_model.Ridge", {})
    yield "sklearn.ensemble.RandomForest" + end, {"n_estimators": 200, "n_jobs": -1}
    yield "sklearn.ensemble.HistGradientBoosting" + end, {}
    yield "lightgbm.LGBM" + end, {}
    yield "xgboost.XGB" + end, {}
    while True:
        rate = round(float(10 ** random.uniform(-2.0, -0.3)), 4)
        depth, count = int(random.randint(2, 10)), int(random.choice([100, 200, 400]))
        yield [
            ("sklearn.ensemble.ExtraTrees" + end, {"n_estimators": count, "max_features": round(float(random.uniform(0.2, 1.0)), 2), "n_jobs": -1}),
            ("sklearn.ensemble.HistGradientBoosting" + end, {"learning_rate": rate, "max_depth": depth}),
            ("lightgbm.LGBM" + end, {"learning_rate": rate, "n_estimators": count, "num_leaves": 2 ** min(depth, 7) - 1}),
            ("xgboost.XGB" + end, {"learning_rate": rate, "n_estimators": count, "max_depth": depth}),
        ][random.randint(4)]


def _search(context, features, label, is_class, time_budget, random_state):
    """The model with the best cross-validated score, looked for until the time is over. The first one is always tried."""
    import time

    import numpy
    import pandas
    from sklearn.model_selection import cross_val_score

    until = time.monotonic() + time_budget
    scoring = "f1_weighted" if is_class else "r2"
    folds = max(2, min(3, int(label.value_counts().min()) if is_class else 3))
    tried, best, absent = [], None, set()
    for kind, params in _candidates(is_class, numpy.random.RandomState(random_state)):
        if (tried and time.monotonic() >= until) or len(tried) >= 60:
            break
        if kind.split(".")[0] in absent:
            continue
        started = time.monotonic()
        try:
            model = _pipeline(_make(kind, params, random_state), features)
        except ImportError:
            absent.add(kind.split(".")[0])
            continue
        score = float(cross_val_score(model, features, label, cv=folds, scoring=scoring).mean())
        tried.append({"model_class": kind, "parameters": str(params), scoring: score, "seconds": round(time.monotonic() - started, 3)})
        context.log_metric("search_score", score, step=len(tried))
        if best is None or score > best[0]:
            best = (score, kind, params)
    table = pandas.DataFrame(tried).sort_values(scoring, ascending=False)
    context.log_dataset("model_search", df=table, format="csv")
    context.log_results({"models_tried": len(tried), "search_" + scoring: best[0]})
    return best[1], best[2]
