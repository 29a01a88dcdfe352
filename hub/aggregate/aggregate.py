# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Rolling aggregates of a table of events: means, sums, maxima over the last rows, each group for itself."""


def _frame(data):
    """The table behind an input, a path or a frame."""
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data
    if hasattr(data, "as_df"):
        return data.as_df()
    path = str(data)
    return pandas.read_parquet(path) if path.endswith((".parquet", ".pq")) else pandas.read_csv(path)


def aggregate(
    context,
    df_artifact,
    metrics: list = None,
    metric_aggs: list = None,
    labels: list = None,
    label_aggs: list = None,
    keys: list = None,
    window: int = 3,
    center: bool = False,
    suffix: str = "",
    save_to: str = "aggregate",
    file_ext: str = "csv",
):
    """Roll a window over the rows and keep what it gives.

    :param df_artifact: the table
    :param metrics:     columns of numbers to aggregate (default: all of them)
    :param metric_aggs: what of them: mean, sum, std, max, min... (default mean)
    :param labels:      columns of labels to aggregate
    :param label_aggs:  what of them (default max)
    :param keys:        columns that tell the group of a row; a window never holds rows of two groups
    :param window:      rows in a window
    :param center:      take the window around a row, not before it
    :param suffix:      behind the names of new columns (default _<aggregate>_<window>)
    :param save_to:     key of the artifact
    :param file_ext:    csv or parquet
    """
    frame = _frame(df_artifact)
    keys, labels = list(keys or []), list(labels or [])
    numbers = [column for column in frame.select_dtypes("number").columns if column not in keys and column not in labels]
    metrics = list(metrics or numbers)
    missing = [column for column in keys + labels + metrics if column not in frame.columns]
    if missing:
        raise ValueError("there is no column %s; there are %s" % (", ".join(missing), ", ".join(map(str, frame.columns))))
    if window < 1:
        raise ValueError("window must be at least 1, not %d" % window)

    def rolled(columns, aggregates):
        chosen = frame.groupby(keys, sort=False)[columns] if keys else frame[columns]
        made = chosen.rolling(window, center=center, min_periods=1).agg(list(aggregates))
        if keys:
            made = made.droplevel(list(range(len(keys)))).sort_index()
        made.columns = ["%s%s" % (column, suffix or "_%s_%d" % (name, window)) if len(aggregates) == 1 or not suffix
                        else "%s_%s%s" % (column, name, suffix) for column, name in made.columns]
        return made

    parts = [frame]
    if metrics:
        parts.append(rolled(metrics, metric_aggs or ["mean"]))
    if labels:
        parts.append(rolled(labels, label_aggs or ["max"]))
    import pandas

    result = pandas.concat(parts, axis=1)
    context.log_dataset(save_to, df=result, format=file_ext)
    context.log_results({"rows": len(result), "columns": len(result.columns)})
