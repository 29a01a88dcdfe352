import datetime
import decimal
import json
import math
import random
import unittest

from packing_support import needs, optional

from trainyard.column_statistics import describe, describe_values
from trainyard.frames import frame_of


def close(left, right):
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)


class PlainPythonTest(unittest.TestCase):
    def test_numbers(self):
        stats = describe_values([42, 52, 36, 24, 73])
        self.assertEqual((stats["count"], stats["missing"], stats["unique"], stats["min"], stats["max"]), (5, 0, 5, 24, 73))
        self.assertEqual((stats["mean"], stats["25%"], stats["50%"], stats["75%"]), (45.4, 36, 42, 52))
        self.assertTrue(close(stats["std"], 18.460769214742921))
        self.assertEqual((sum(stats["histogram"]["counts"]), len(stats["histogram"]["counts"]), len(stats["histogram"]["edges"])), (5, 20, 21))

    def test_missing_values_are_counted_and_left_out(self):
        stats = describe_values([1.0, None, float("nan"), 3.0])
        self.assertEqual((stats["count"], stats["missing"], stats["mean"]), (2, 2, 2.0))

    def test_nothing_but_missing_values(self):
        for values in ([], [None, float("nan")]):
            stats = describe_values(values)
            self.assertEqual((stats["count"], stats["missing"], stats["unique"], stats["top"]), (0, len(values), 0, None))

    def test_one_value_has_no_deviation(self):
        stats = describe_values([7])
        self.assertEqual((stats["std"], stats["mean"], stats["75%"]), (None, 7.0, 7.0))
        self.assertEqual((stats["histogram"]["edges"][0], stats["histogram"]["edges"][-1]), (6.5, 7.5))

    def test_booleans_text_and_mixtures_have_a_top_value(self):
        self.assertEqual(describe_values([True, False, True]), {"count": 3, "missing": 0, "unique": 2, "top": True, "freq": 2})
        self.assertEqual(describe_values(["b", "a", "b"])["top"], "b")
        mixed = describe_values([1, "1", True, [1], [1], {"a": 1}])
        self.assertEqual((mixed["unique"], mixed["top"], mixed["freq"]), (5, "[1]", 2))

    def test_dates_have_extremes(self):
        stats = describe_values([datetime.date(2024, 5, 1), None, datetime.date(2023, 1, 2)])
        self.assertEqual((stats["min"], stats["max"], stats["missing"]), ("2023-01-02", "2024-05-01", 1))
        odd = describe_values([datetime.date(2024, 5, 1), datetime.datetime(2024, 5, 1, tzinfo=datetime.timezone.utc)])
        self.assertEqual(odd["count"], 2)

    def test_numbers_of_any_size_stay_json(self):
        columns = [
            [float("inf"), float("-inf"), 1.0], [float("inf"), 1.0], [2**70, 2**70 + 1], [10**400, 1], [1e308, -1e308, 1e308],
            [5e-324, 0.0], [decimal.Decimal("1.5"), decimal.Decimal("2.5")], [decimal.Decimal("sNaN"), decimal.Decimal("NaN"), 1], [1.0, 1.0 + 2**-52],
        ]  # fmt: skip
        for column in columns:
            json.dumps(describe_values(column), allow_nan=False)
        self.assertEqual(describe_values([2**70, 2**70 + 1])["unique"], 2)
        self.assertEqual(describe_values([decimal.Decimal("1.5"), decimal.Decimal("2.5")])["mean"], 2.0)

    def test_column_names_may_repeat(self):
        stats = describe(frame_of([[1, 2], [3, 4]], header=["a", "a"]))
        self.assertEqual([(column["name"], column["mean"]) for column in stats], [("a", 2.0), ("a", 3.0)])


def columns_of_numbers():
    source = random.Random(7)
    nan = float("nan")
    yield "normal", [source.gauss(0, 1) for _ in range(997)]
    yield "integers", [source.randrange(-50, 50) for _ in range(500)]
    yield "with missing", [nan if source.random() < 0.2 else source.random() * 1e6 for _ in range(300)]
    yield "one value", [3.25]
    yield "constant", [4.0] * 10
    yield "two", [1.0, 2.0]
    yield "all missing", [nan, nan]
    yield "huge integers", [2**62 + number for number in range(40)]
    yield "tiny range", [1.0, 1.0 + 1e-12, 1.0 + 3e-12]
    yield "bin borders", [number / 20 for number in range(21)]
    yield "exponents", [10.0 ** source.randrange(-140, 140) for _ in range(200)]


@needs("pandas", "numpy")
class AgainstPandasTest(unittest.TestCase):
    def assert_equal_to_pandas(self, stats, series, where):
        described = series.describe()
        for ours, theirs in (("count", "count"), ("mean", "mean"), ("std", "std"), ("min", "min"), ("25%", "25%"), ("50%", "50%"), ("75%", "75%"), ("max", "max")):
            expected = float(described[theirs])
            mine = stats.get(ours)
            mine = float(mine) if isinstance(mine, str) else mine
            if expected != expected:
                self.assertIsNone(mine, (where, ours))
            else:
                self.assertTrue(close(mine, expected), (where, ours, mine, expected))
        self.assertEqual(stats["missing"], int(series.isna().sum()), where)
        self.assertEqual(stats["unique"], int(series.nunique()), where)

    def assert_histogram(self, stats, values, where):
        numpy = optional("numpy")
        present = numpy.array([float(value) for value in values if value == value])
        if present.size == 0:
            self.assertIsNone(stats.get("histogram"), where)
            return
        if stats["histogram"] is None:
            return  # too narrow for twenty edges
        counts, edges = numpy.histogram(present, bins=20)
        self.assertTrue(numpy.allclose(stats["histogram"]["edges"], edges, rtol=1e-12, atol=0), where)
        self.assertEqual(sum(stats["histogram"]["counts"]), present.size, where)
        if where[1] not in ("tiny range", "bin borders", "huge integers"):
            self.assertEqual(stats["histogram"]["counts"], counts.tolist(), where)

    def test_numbers_equal_those_of_pandas_in_every_shape_of_frame(self):
        pandas, numpy = optional("pandas"), optional("numpy")
        for name, values in columns_of_numbers():
            series = pandas.Series(values, name="x")
            shapes = {
                "pandas": frame_of(pandas.DataFrame({"x": series})),
                "series": frame_of(series),
                "list": frame_of([{"x": value} for value in values]),
                "columns": frame_of({"x": values}),
                "numpy": frame_of(numpy.array(values).reshape(-1, 1)),
            }
            if optional("polars"):
                shapes["polars"] = frame_of(optional("polars").DataFrame({"x": values}))
            if optional("pyarrow"):
                shapes["arrow"] = frame_of(optional("pyarrow").table({"x": values}))
            for shape, frame in shapes.items():
                (stats,) = describe(frame)
                json.dumps(stats, allow_nan=False)
                if name == "all missing" and shape in ("list", "columns"):
                    self.assertEqual((stats["count"], stats["missing"]), (0, 2))
                    continue
                self.assert_equal_to_pandas(stats, series, (shape, name))
                self.assert_histogram(stats, values, (shape, name))

    def test_text_booleans_and_mixtures_equal_those_of_pandas(self):
        pandas = optional("pandas")
        columns = {
            "text": ["b", "a", "b", None, "c"],
            "booleans": [True, False, True, True, False],
            "mixed": [1, "1", 2.5, "1", None],
            "category": pandas.Series(["x", "y", "x", "x", "y"], dtype="category"),
        }
        for name, values in columns.items():
            series = pandas.Series(values, name=name, dtype=object if name == "mixed" else None)
            described = series.describe()
            (stats,) = describe(frame_of(series))
            self.assertEqual((stats["count"], stats["unique"], stats["freq"]), (described["count"], described["unique"], described["freq"]), name)
            self.assertEqual((stats["top"], stats["missing"]), (described["top"], series.isna().sum()), name)

    def test_nullable_and_time_columns(self):
        pandas = optional("pandas")
        frame = pandas.DataFrame(
            {
                "whole": pandas.array([1, None, 3], dtype="Int64"),
                "float": pandas.array([1.5, None, 2.5], dtype="Float64"),
                "flag": pandas.array([True, None, False], dtype="boolean"),
                "time": pandas.to_datetime(["2024-01-01", None, "2024-03-01"]),
                "span": pandas.to_timedelta(["1D", None, "2D"]),
            }
        )
        stats = {column["name"]: column for column in describe(frame_of(frame))}
        json.dumps(stats, allow_nan=False)
        self.assertEqual({column["missing"] for column in stats.values()}, {1})
        self.assertEqual((stats["whole"]["mean"], stats["float"]["mean"]), (2.0, 2.0))
        self.assertEqual(stats["time"]["min"], "2024-01-01T00:00:00")
        self.assertEqual(stats["flag"]["unique"], 2)

    def test_empty_frames_and_repeated_names(self):
        pandas = optional("pandas")
        self.assertEqual(describe(frame_of(pandas.DataFrame())), [])
        empty = describe(frame_of(pandas.DataFrame({"a": [], "b": pandas.Series([], dtype=str)})))
        self.assertEqual([column["count"] for column in empty], [0, 0])
        repeated = pandas.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])
        self.assertEqual([column["mean"] for column in describe(frame_of(repeated))], [2.0, 3.0])


if __name__ == "__main__":
    unittest.main()
