# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Make a data set for classification, as large and as hard as you like."""


def gen_class_data(
    context,
    n_samples: int = 1000,
    m_features: int = 10,
    k_classes: int = 2,
    n_informative: int = 0,
    weight: float = 0.5,
    header: list = None,
    label_column: str = "labels",
    random_state: int = 1,
    key: str = "classifier-data",
    file_ext: str = "csv",
    sk_params: dict = None,
):
    """Make rows with ``m_features`` numbers and a class, with scikit-learn's ``make_classification``.

    :param n_samples:     rows
    :param m_features:    columns beside the label
    :param k_classes:     classes
    :param n_informative: columns that tell the class (default: as many as the classes need, at least half)
    :param weight:        share of the first class, where there are two
    :param header:        names of the columns (default feat_0, feat_1...)
    :param label_column:  name of the label
    :param random_state:  seed
    :param key:           key of the artifact
    :param file_ext:      csv or parquet
    :param sk_params:     further parameters of make_classification
    """
    import pandas
    from sklearn.datasets import make_classification

    given = dict(sk_params or {})
    least = max(2, (max(2, k_classes) - 1).bit_length() + 1, m_features // 2)
    informative = n_informative or min(m_features, least)
    if header and len(header) != m_features:
        raise ValueError("header has %d names for %d features" % (len(header), m_features))
    if k_classes == 2:
        given.setdefault("weights", [weight])
    given.setdefault("n_redundant", 0)
    features, labels = make_classification(
        n_samples=n_samples, n_features=m_features, n_informative=informative, n_classes=k_classes, random_state=random_state, **given
    )
    frame = pandas.DataFrame(features, columns=header or ["feat_%d" % at for at in range(m_features)])
    frame[label_column] = labels
    context.log_dataset(key, df=frame, format=file_ext, label_column=label_column)
    context.log_results({"rows": n_samples, "classes": k_classes})
