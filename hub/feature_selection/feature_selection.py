# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Choose the columns that tell most of a label: several statistics and models vote."""


def _frame(data):
    """The table behind an input, a path or a frame."""
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data
    if hasattr(data, "as_df"):
        return data.as_df()
    path = str(data)
    return pandas.read_parquet(path) if path.endswith((".parquet", ".pq")) else pandas.read_csv(path)


def feature_selection(
    context,
    df_artifact,
    label_column: str = "label",
    k: int = 5,
    min_votes: float = 0.5,
    stat_filters: list = None,
    model_filters: list = None,
    max_scaled_scores: bool = True,
    sample_ratio: float = 1.0,
    output_vector_name: str = "selected_features",
    file_ext: str = "csv",
    random_state: int = 1,
):
    """Score every column with each filter; the best k of a filter get its vote. Columns with enough votes are kept.

    :param df_artifact:        the table
    :param label_column:       the column to be told; few values make it a classification
    :param k:                  columns each filter votes for
    :param min_votes:          share of the filters (below 1) or number of votes that a column needs
    :param stat_filters:       f_test, mutual_info, correlation (default: all)
    :param model_filters:      linear, forest (default: both)
    :param max_scaled_scores:  scale the scores of a filter to at most 1
    :param sample_ratio:       share of the rows to look at
    :param output_vector_name: key of the table with the chosen columns and the label
    :param file_ext:           csv or parquet
    :param random_state:       seed
    """
    import numpy
    import pandas

    frame = _frame(df_artifact)
    if label_column not in frame.columns:
        raise ValueError("there is no column %r; there are %s" % (label_column, ", ".join(map(str, frame.columns))))
    rows = frame.sample(frac=sample_ratio, random_state=random_state) if sample_ratio < 1 else frame
    rows = rows.dropna(subset=[label_column])
    features = pandas.get_dummies(rows.drop(columns=[label_column]), dummy_na=False)
    features = features.fillna(features.median(numeric_only=True)).astype(float)
    label = rows[label_column]
    is_class = label.dtype == object or label.nunique() <= max(20, int(len(label) ** 0.5) // 2)
    coded = label.astype("category").cat.codes.to_numpy() if is_class else label.to_numpy(dtype=float)

    scores = {}
    for name in stat_filters if stat_filters is not None else ["f_test", "mutual_info", "correlation"]:
        scores[name] = _statistic(name, features, coded, is_class, random_state)
    for name in model_filters if model_filters is not None else ["linear", "forest"]:
        scores[name] = _importance(name, features, coded, is_class, random_state)
    table = pandas.DataFrame(scores, index=features.columns).replace([numpy.inf, -numpy.inf], numpy.nan).fillna(0.0)
    if max_scaled_scores:
        table = table / table.max().replace(0, 1)
    votes = sum((table[name].rank(ascending=False, method="first") <= k).astype(int) for name in table.columns)
    needed = min_votes * len(table.columns) if min_votes < 1 else min_votes
    encoded = table.assign(votes=votes, score=table.mean(axis=1)).sort_values(["votes", "score"], ascending=False)
    chosen = [name for name in encoded.index if encoded.loc[name, "votes"] >= needed]
    original = [column for column in frame.columns
                if column != label_column and any(name == column or str(name).startswith("%s_" % column) for name in chosen)]
    if not original:
        raise ValueError("no column got %s votes; lower min_votes or raise k" % needed)
    context.log_dataset("feature_scores", df=encoded.rename_axis("feature").reset_index(), format="csv")
    context.log_dataset(output_vector_name, df=frame[original + [label_column]], format=file_ext, label_column=label_column)
    context.log_results({"selected": original, "selected_count": len(original), "filters": len(table.columns)})


def _statistic(name, features, label, is_class, random_state):
    from sklearn import feature_selection as filters
    import numpy

    if name == "f_test":
        return (filters.f_classif if is_class else filters.f_regression)(features, label)[0]
    if name == "mutual_info":
        return (filters.mutual_info_classif if is_class else filters.mutual_info_regression)(features, label, random_state=random_state)
    if name == "correlation":
        return [abs(numpy.corrcoef(features[column], label)[0, 1]) if features[column].std() > 0 else 0.0 for column in features]
    raise ValueError("there is no filter %r; there are f_test, mutual_info and correlation" % name)


def _importance(name, features, label, is_class, random_state):
    import numpy
    from sklearn.preprocessing import StandardScaler

    if name == "linear":
        from sklearn.linear_model import LogisticRegression, Ridge

        scaled = StandardScaler().fit_transform(features)
        model = (LogisticRegression(max_iter=1000) if is_class else Ridge()).fit(scaled, label)
        return numpy.abs(numpy.atleast_2d(model.coef_)).mean(axis=0)
    if name == "forest":
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        model = (ExtraTreesClassifier if is_class else ExtraTreesRegressor)(n_estimators=100, random_state=random_state)
        return model.fit(features, label).feature_importances_
    raise ValueError("there is no filter %r; there are linear and forest" % name)
