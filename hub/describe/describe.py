# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Explore a table: statistics, histograms, correlations, missing values, the balance of the label, and a report to read."""
import html


def _frame(data):
    """The table behind an input, a path or a frame."""
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data
    if hasattr(data, "as_df"):
        return data.as_df()
    path = str(data)
    return pandas.read_parquet(path) if path.endswith((".parquet", ".pq")) else pandas.read_csv(path)


def analyze(
    context,
    table,
    label_column: str = "",
    name: str = "dataset",
    bins: int = 20,
    max_columns: int = 100,
    max_categories: int = 20,
    sample_rows: int = 200000,
    random_state: int = 1,
):
    """Describe every column of a table, keep the figures as tables, and an HTML report.

    :param table:          the table
    :param label_column:   the column to be told, if there is one: its balance, and how the others go with it
    :param name:           before the keys of the artifacts
    :param bins:           bars of a histogram
    :param max_columns:    more columns than this are not drawn
    :param max_categories: values of a column of texts that are shown, the most frequent ones
    :param sample_rows:    larger tables are sampled
    :param random_state:   seed of the sample
    """
    import pandas

    frame = _frame(table)
    if label_column and label_column not in frame.columns:
        raise ValueError("there is no column %r; there are %s" % (label_column, ", ".join(map(str, frame.columns))))
    total = len(frame)
    if total == 0:
        raise ValueError("the table has no rows")
    if total > sample_rows:
        frame = frame.sample(sample_rows, random_state=random_state)
    statistics = _statistics(frame)
    context.log_dataset(name + "-statistics", df=statistics, format="csv")
    histograms = {column: _histogram(frame[column], bins, max_categories) for column in list(frame.columns)[:max_columns]}
    flat = [{"column": column, "value": value, "count": count} for column, pairs in histograms.items() for value, count in pairs]
    context.log_dataset(name + "-histograms", df=pandas.DataFrame(flat), format="csv")
    numbers = frame.select_dtypes(["number", "bool"]).astype(float)
    numbers = numbers[[column for column in numbers.columns if numbers[column].std() > 0][:max_columns]]
    correlation = numbers.corr()
    if len(correlation) > 1:
        context.log_dataset(name + "-correlation", df=correlation.rename_axis("column").reset_index(), format="csv")
    missing = frame.isna().mean()
    results = {"rows": total, "columns": len(frame.columns), "missing_share": float(missing.mean()),
               "duplicate_rows": int(_duplicates(frame)), "columns_with_missing": int((missing > 0).sum())}
    balance = None
    if label_column:
        balance = _balance(frame[label_column])
        context.log_dataset(name + "-balance", df=balance, format="csv")
        results["label_values"] = int(frame[label_column].nunique())
        if results["label_values"] <= max_categories:
            results["label_imbalance"] = float(balance["share"].max() / max(balance["share"].min(), 1e-12))
        if label_column in correlation.columns and len(correlation) > 1:
            with_label = correlation[label_column].drop(label_column).abs().sort_values(ascending=False)
            results["label_correlates_with"] = str(with_label.index[0])
    context.log_results(results)
    report = _report(name, results, statistics, histograms, correlation, balance, label_column)
    context.log_artifact(name + "-report", body=report, local_path=name + "-report.html", format="html")


def _duplicates(frame):
    try:
        return frame.duplicated().sum()
    except TypeError:  # lists and dicts in cells
        return frame.astype(str).duplicated().sum()


def _statistics(frame):
    import pandas

    rows = []
    for column in frame.columns:
        values = frame[column]
        row = {"column": str(column), "type": str(values.dtype), "count": int(values.notna().sum()), "missing": int(values.isna().sum()),
               "unique": int(values.astype(str).nunique() if values.dtype == object else values.nunique())}
        if pandas.api.types.is_numeric_dtype(values):
            numbers = values.astype(float)
            row.update(mean=numbers.mean(), std=numbers.std(), min=numbers.min(), q25=numbers.quantile(0.25), median=numbers.median(),
                       q75=numbers.quantile(0.75), max=numbers.max(), skew=numbers.skew())
        elif row["count"]:
            row["most_frequent"] = str(values.dropna().astype(str).mode().iloc[0])[:100]
        rows.append(row)
    return pandas.DataFrame(rows)


def _histogram(values, bins, most):
    import numpy
    import pandas

    values = values.dropna()
    if pandas.api.types.is_numeric_dtype(values) and values.nunique() > min(bins, most):
        counts, edges = numpy.histogram(values.astype(float).replace([numpy.inf, -numpy.inf], numpy.nan).dropna(), bins=bins)
        return [("%.4g" % edge, int(count)) for edge, count in zip(edges, counts)]
    return [(str(value)[:60], int(count)) for value, count in values.astype(str).value_counts().head(most).items()]


def _balance(label):
    import pandas

    counts = label.astype(str).value_counts()
    return pandas.DataFrame({"value": counts.index, "count": counts.to_numpy(), "share": counts.to_numpy() / max(1, counts.sum())})


def _report(name, results, statistics, histograms, correlation, balance, label_column):
    escape = lambda value: html.escape("%.4g" % value if isinstance(value, float) else str(value))
    parts = ["<h1>%s</h1>" % escape(name), _table(["", ""], [[key, value] for key, value in results.items()], escape)]
    if balance is not None:
        parts += ["<h2>Balance of %s</h2>" % escape(label_column), _bars(list(zip(balance["value"], balance["count"]))[:40], escape)]
    columns = [column for column in statistics.columns]
    rows = [["" if value != value else value for value in row] for row in statistics.itertuples(index=False)]
    parts += ["<h2>Columns</h2>", _table(columns, rows, escape)]
    if len(correlation) > 1:
        parts += ["<h2>Correlation</h2>", _heat(correlation, escape)]
    parts.append("<h2>Histograms</h2><div class=all>")
    parts += ["<figure><figcaption>%s</figcaption>%s</figure>" % (escape(column), _bars(pairs, escape)) for column, pairs in histograms.items()]
    style = ("body{font:14px system-ui,sans-serif;margin:2em;color:#222}table{border-collapse:collapse}td,th{padding:2px 8px;text-align:right;"
             "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}.all{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}"
             "figcaption{font-weight:600}svg text{font-size:9px}")
    return "<!doctype html><meta charset=utf-8><title>%s</title><style>%s</style>%s</div>" % (escape(name), style, "".join(parts))


def _table(columns, rows, escape):
    head = "".join("<th>%s</th>" % escape(column) for column in columns)
    body = "".join("<tr>%s</tr>" % "".join("<td>%s</td>" % escape(cell) for cell in row) for row in rows)
    return "<div style='overflow:auto'><table><tr>%s</tr>%s</table></div>" % (head, body)


def _bars(pairs, escape):
    highest = max([count for _, count in pairs] or [1]) or 1
    width = 240.0 / max(1, len(pairs))
    bars = "".join(
        "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='#4878a8'><title>%s: %d</title></rect>"
        % (at * width, 90 - 88.0 * count / highest, max(1.0, width - 1), 88.0 * count / highest, escape(value), count)
        for at, (value, count) in enumerate(pairs))
    ends = "<text x='0' y='102'>%s</text><text x='240' y='102' text-anchor='end'>%s</text>" % (
        escape(pairs[0][0]), escape(pairs[-1][0])) if pairs else ""
    return "<svg width=240 height=106 viewBox='0 0 240 106'>%s%s</svg>" % (bars, ends)


def _heat(correlation, escape):
    names = list(correlation.columns)
    rows = []
    for name in names:
        cells = "".join(
            "<td style='background:rgba(%s,%.2f)' title='%s, %s'>%.2f</td>"
            % ("72,120,168" if value >= 0 else "190,80,60", abs(value) if value == value else 0, escape(name), escape(other), value)
            for other, value in correlation.loc[name].items())
        rows.append("<tr><td>%s</td>%s</tr>" % (escape(name), cells))
    head = "<tr><th></th>%s</tr>" % "".join("<th>%s</th>" % escape(name) for name in names)
    return "<div style='overflow:auto'><table>%s%s</table></div>" % (head, "".join(rows))
