import csv
import datetime
import io
import json
import sys
import subprocess
import os
import unittest

from packing_support import SpoolCase, needs, optional

from trainyard.datasets import pack_dataset


class DatasetCase(SpoolCase):
    def pack(self, key, df, **options):
        entry, problem = pack_dataset(key, df, spool=self.spool, **options)
        self.assertIsNone(problem)
        json.dumps(entry, allow_nan=False)
        return entry

    def rows(self, entry):
        return list(csv.reader(io.StringIO(self.read(entry).decode("utf-8"))))


class DatasetsTest(DatasetCase):
    def test_a_list_of_dicts(self):
        entry = self.pack("people", [{"name": "Ann", "age": 42}, {"name": "Bob", "age": None, "city": "X"}], label_column="age")
        self.assertEqual((entry["kind"], entry["path"], entry["format"]), ("dataset", "people.csv", "csv"))
        self.assertEqual(self.rows(entry), [["name", "age", "city"], ["Ann", "42", ""], ["Bob", "", "X"]])
        metadata = entry["metadata"]
        self.assertEqual((metadata["header"], metadata["length"], metadata["labelColumn"]), (["name", "age", "city"], 2, "age"))
        self.assertEqual(metadata["schema"], [{"name": "name", "type": "str"}, {"name": "age", "type": "int"}, {"name": "city", "type": "str"}])
        self.assertEqual(metadata["preview"], [["Ann", 42, None], ["Bob", None, "X"]])
        self.assertEqual([column["count"] for column in metadata["stats"]], [2, 1, 1])

    def test_a_dict_of_columns_rows_and_single_values(self):
        self.assertEqual(self.rows(self.pack("d", {"a": [1, 2], "b": ("x", "y")})), [["a", "b"], ["1", "x"], ["2", "y"]])
        self.assertEqual(self.rows(self.pack("d", [[1, 2], [3]])), [["0", "1"], ["1", "2"], ["3", ""]])
        self.assertEqual(self.rows(self.pack("d", [1, 2])), [["value"], ["1"], ["2"]])
        self.assertEqual(self.rows(self.pack("d", [])), [[]])

    def test_special_values_are_text_in_the_preview(self):
        entry = self.pack("d", [{"a": float("nan"), "b": float("inf"), "c": datetime.date(2024, 1, 2), "d": 2**60, "e": [1], "f": b"x"}])
        self.assertEqual(entry["metadata"]["preview"], [["NaN", "Infinity", "2024-01-02", str(2**60), [1], "eA=="]])

    def test_long_cells_are_cut_in_the_preview_only(self):
        entry = self.pack("d", [{"a": "x" * 5000, "b": list(range(5000)), "c": b"z" * 5000}])
        self.assertLess(len(json.dumps(entry["metadata"]["preview"])), 5000)
        self.assertEqual(len(self.rows(entry)[1][0]), 5000)

    def test_the_preview_and_the_statistics_have_limits(self):
        wide = [{f"c{number}": 1 for number in range(150)}] * 30
        metadata = self.pack("wide", wide)["metadata"]
        self.assertEqual((len(metadata["preview"]), len(metadata["preview"][0]), "stats" in metadata), (20, 100, False))
        long = [{"a": number} for number in range(10_000)]
        self.assertNotIn("stats", self.pack("long", long)["metadata"])
        self.assertIn("stats", self.pack("long", long, stats=True)["metadata"])
        metadata = self.pack("short", long[:5], stats=False, preview=2)["metadata"]
        self.assertEqual((len(metadata["preview"]), "stats" in metadata, metadata["length"]), (2, False, 5))
        self.assertEqual(self.pack("short", long[:5], preview=0)["metadata"]["preview"], [])

    def test_json_formats(self):
        rows = [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
        self.assertEqual(json.loads(self.read(self.pack("d", rows, format="json"))), rows)
        lines = self.read(self.pack("d", rows, local_path="d.jsonl")).decode().splitlines()
        self.assertEqual([json.loads(line) for line in lines], rows)

    def test_what_is_no_table_is_a_problem(self):
        for value in ("text", 5, {"a": [1], "b": [1, 2]}, {"a": 1}, object(), None, [{"a": 1}, 5]):
            entry, problem = pack_dataset("d", value, spool=self.spool)
            self.assertIsNone(entry, value)
            self.assertIn("log_dataset('d')", problem)

    def test_an_unknown_format_or_label_column_keeps_the_data_and_says_so(self):
        entry, problem = pack_dataset("d", [{"a": 1}], format="xls", spool=self.spool)
        self.assertEqual((entry["format"], "csv, parquet" in problem), ("csv", True))
        entry, problem = pack_dataset("d", [{"a": 1}], label_column="y", spool=self.spool)
        self.assertEqual((entry["path"], "no column 'y'" in problem), ("d.csv", True))

    def test_parquet_without_an_engine_becomes_csv_and_says_so(self):
        entry, problem = pack_dataset("d", [{"a": 1}], format="parquet", spool=self.spool)
        self.assertEqual((entry["format"], entry["path"], self.read(entry)), ("csv", "d.csv", b"a\r\n1\r\n"))
        self.assertIn("parquet", problem)

    def test_a_frame_that_fails_is_a_problem(self):
        class Broken:
            columns = ["a"]

            def to_pandas(self):
                raise RuntimeError("cluster is away")

        entry, problem = pack_dataset("d", Broken(), spool=self.spool)
        self.assertIsNone(entry)
        self.assertIn("cluster is away", problem)

    def test_no_library_is_imported_for_plain_data(self):
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from trainyard.datasets import pack_dataset; from trainyard.spool import Spool\n"
            "pack_dataset('d', [{'a': 1.5}], stats=True, spool=Spool(sys.argv[2]))\n"
            "assert not {'pandas', 'polars', 'pyarrow', 'numpy'} & set(sys.modules), sys.modules.keys()"
        )
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        subprocess.run([sys.executable, "-c", code, root, self.run_directory], check=True)


@needs("pandas", "numpy")
class PandasTest(DatasetCase):
    def frame(self):
        raw = {"first_name": ["Jason", "Molly"], "age": [42, 52], "score": [1.5, None]}
        return optional("pandas").DataFrame(raw, columns=["first_name", "age", "score"])

    def test_a_frame_reads_back_with_read_csv(self):
        pandas = optional("pandas")
        entry = self.pack("mydf", self.frame(), stats=True)
        self.assertEqual((entry["path"], entry["format"]), ("mydf.csv", "csv"))
        pandas.testing.assert_frame_equal(pandas.read_csv(self.spooled(entry)), self.frame(), check_dtype=False)
        self.assertEqual(entry["metadata"]["preview"][1], ["Molly", 52, "NaN"])
        self.assertEqual([column["missing"] for column in entry["metadata"]["stats"]], [0, 0, 1])

    def test_an_index_that_says_something_is_kept(self):
        frame = self.frame().set_index("first_name")
        self.assertEqual(self.pack("d", frame)["metadata"]["header"], ["first_name", "age", "score"])
        filtered = self.frame()[1:]
        self.assertEqual(self.pack("d", filtered)["metadata"]["header"], ["first_name", "age", "score"])
        clash = self.frame().rename_axis("age")
        self.assertEqual(self.pack("d", clash)["metadata"]["header"], ["first_name", "age", "score"])

    def test_repeated_odd_and_nested_column_names(self):
        pandas = optional("pandas")
        frame = pandas.DataFrame([[1, 2, 3]], columns=["a", "a", 5])
        self.assertEqual(self.rows(self.pack("d", frame)), [["a", "a", "5"], ["1", "2", "3"]])
        nested = pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
        self.assertEqual(self.pack("d", nested)["metadata"]["header"], ["a.x", "a.y"])

    def test_times_and_arrays_in_the_preview(self):
        pandas, numpy = optional("pandas"), optional("numpy")
        frame = pandas.DataFrame({"t": pandas.to_datetime(["2024-01-01", None]), "v": [numpy.float32(0.5), numpy.nan], "o": [numpy.array([1, 2]), None]})
        self.assertEqual(self.pack("d", frame)["metadata"]["preview"], [["2024-01-01T00:00:00", 0.5, [1, 2]], [None, "NaN", None]])

    def test_empty_frames_and_series(self):
        pandas = optional("pandas")
        self.assertEqual(self.pack("d", pandas.DataFrame())["metadata"]["length"], 0)
        self.assertEqual(self.pack("d", pandas.Series([1, 2], name="x"))["metadata"]["header"], ["x"])

    @needs("pyarrow")
    def test_parquet_when_asked_for(self):
        pandas = optional("pandas")
        for options in ({"format": "pq"}, {"local_path": "d.parquet"}):
            entry = self.pack("d", self.frame(), **options)
            self.assertEqual((entry["path"], entry["format"]), ("d.parquet", "parquet"))
            pandas.testing.assert_frame_equal(pandas.read_parquet(self.spooled(entry)), self.frame())

    @needs("pyarrow")
    def test_columns_that_parquet_refuses_become_csv_and_say_so(self):
        frame = optional("pandas").DataFrame({"a": [1, "x", object()]})
        entry, problem = pack_dataset("d", frame, format="parquet", spool=self.spool)
        self.assertEqual((entry["format"], entry["path"]), ("csv", "d.csv"))
        self.assertIn("CSV", problem)

    def test_numpy_arrays(self):
        numpy = optional("numpy")
        self.assertEqual(self.rows(self.pack("d", numpy.array([[1, 2], [3, 4]]))), [["0", "1"], ["1", "2"], ["3", "4"]])
        records = numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])
        self.assertEqual(self.pack("d", records)["metadata"]["schema"], [{"name": "a", "type": "int32"}, {"name": "b", "type": "float64"}])
        self.assertIsNone(pack_dataset("d", numpy.zeros((2, 2, 2)), spool=self.spool)[0])


class ColumnLibrariesTest(SpoolCase):
    @needs("polars")
    def test_polars_keeps_its_types_as_parquet(self):
        polars = optional("polars")
        frame = polars.DataFrame({"a": [1, None], "t": [datetime.date(2024, 1, 2), None], "l": [[1], [2, 3]]})
        entry, problem = pack_dataset("d", frame.lazy(), spool=self.spool)
        self.assertIsNone(problem)
        self.assertEqual((entry["path"], entry["metadata"]["preview"]), ("d.parquet", [[1, "2024-01-02", [1]], [None, None, [2, 3]]]))
        self.assertTrue(polars.read_parquet(self.spooled(entry)).equals(frame))
        entry, problem = pack_dataset("d", frame, format="csv", spool=self.spool)
        self.assertIsNone(problem)
        self.assertEqual(self.read(entry).splitlines()[1], b'1,2024-01-02,[1]')

    @needs("pyarrow")
    def test_arrow_keeps_its_types_as_parquet(self):
        pyarrow = optional("pyarrow")
        import pyarrow.parquet as parquet

        table = pyarrow.table({"a": [1, None, 3], "s": ["x", None, "y"]})
        entry, problem = pack_dataset("d", table, spool=self.spool)
        self.assertIsNone(problem)
        self.assertEqual((entry["path"], entry["metadata"]["length"]), ("d.parquet", 3))
        self.assertEqual(entry["metadata"]["stats"][0]["mean"], 2.0)
        self.assertTrue(parquet.read_table(self.spooled(entry)).equals(table))
        self.assertEqual(pack_dataset("d", table, format="csv", spool=self.spool)[0]["path"], "d.csv")


if __name__ == "__main__":
    unittest.main()
