# /// script
# requires-python = ">=3.9"
# dependencies = ["pandas>=1.5", "scikit-learn>=1.0"]
# ///
"""Load one of scikit-learn's small real data sets, ready to experiment with: iris, wine, breast_cancer, diabetes, digits."""
import os


def load_dataset(context, dataset: str = "iris", name: str = "", file_ext: str = "csv", shuffle: bool = False, random_state: int = 1):
    """Keep a data set of scikit-learn as an artifact of the run; its label is the column ``label``.

    :param dataset:      iris, wine, breast_cancer, diabetes or digits
    :param name:         key of the artifact (default: the name of the data set)
    :param file_ext:     csv or parquet
    :param shuffle:      put the rows into a random order
    :param random_state: seed of that order
    """
    from sklearn import datasets

    known = ("iris", "wine", "breast_cancer", "diabetes", "digits")
    if dataset not in known:
        raise ValueError("there is no data set %r; choose one of %s" % (dataset, ", ".join(known)))
    bunch = getattr(datasets, "load_" + dataset)(as_frame=True)
    frame = bunch.frame.rename(columns={"target": "label"})
    frame.columns = [str(column).replace(" (cm)", "").replace(" ", "_") for column in frame.columns]
    if shuffle:
        frame = frame.sample(frac=1, random_state=random_state).reset_index(drop=True)
    context.log_dataset(name or dataset, df=frame, format=file_ext, label_column="label")
    context.log_results({"rows": len(frame), "columns": len(frame.columns)})
