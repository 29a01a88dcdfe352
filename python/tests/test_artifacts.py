import json
import os
import socket
import subprocess
import sys
import threading
import unittest

from packing_support import SpoolCase, needs, optional

from trainyard import files
from trainyard.artifacts import (
    Artifact,
    ChartArtifact,
    DatasetArtifact,
    DirArtifact,
    HtmlArtifact,
    LinkArtifact,
    ModelArtifact,
    PlotArtifact,
    TableArtifact,
    pack_artifact,
)


class BodiesTest(SpoolCase):
    def pack(self, item, **options):
        entry, problem = pack_artifact(item, spool=self.spool, **options)
        self.assertIsNone(problem)
        json.dumps(entry, allow_nan=False)
        return entry

    def test_bytes_take_the_name_of_local_path(self):
        entry = self.pack("model", body=b"abc is 123", local_path="model.txt", labels={"framework": "xgboost"})
        self.assertEqual(self.read(entry), b"abc is 123")
        self.assertEqual(
            {**entry, "file": None},
            {"key": "model", "kind": "file", "file": None, "path": "model.txt", "format": "txt", "labels": {"framework": "xgboost"}},
        )

    def test_html_is_known_by_its_name_or_its_format(self):
        self.assertEqual(self.pack("page", body=b"<b>x</b>", local_path="result.html")["kind"], "html")
        entry = self.pack("page", body="<b>x</b>", format="html")
        self.assertEqual((entry["kind"], entry["path"], entry["format"]), ("html", "page.html", "html"))
        self.assertEqual(self.pack(HtmlArtifact("page", "<i>"))["path"], "page.html")

    def test_a_name_without_a_suffix_gets_the_format(self):
        self.assertEqual(self.pack("notes", body="héllo")["path"], "notes.txt")
        self.assertEqual(self.pack("notes.md", body="x")["path"], "notes.md")
        self.assertEqual(self.pack("raw", body=b"x")["path"], "raw")

    def test_plain_values_become_json_and_keep_special_numbers(self):
        entry = self.pack("config", body={"lr": float("nan"), "layers": [1, 2], "big": 2**70})
        self.assertEqual((entry["kind"], entry["path"]), ("object", "config.json"))
        self.assertEqual(json.loads(self.read(entry)), {"lr": "NaN", "layers": [1, 2], "big": str(2**70)})

    def test_other_objects_are_pickled_and_the_record_says_so(self):
        entry = self.pack("thing", body={1, 2})
        self.assertEqual((entry["kind"], entry["path"], entry["metadata"]["encoding"]), ("object", "thing.pkl", "pickle"))
        import pickle

        self.assertEqual(pickle.loads(self.read(entry)), {1, 2})

    def test_a_reader_is_streamed(self):
        source = self.write("big.bin", b"z" * 3_000_000)
        with open(source, "rb") as reader:
            entry = self.pack("copy", body=reader)
        self.assertEqual(len(self.read(entry)), 3_000_000)

    def test_an_object_that_cannot_be_pickled_is_a_problem(self):
        entry, problem = pack_artifact("thing", body=threading.Lock(), spool=self.spool)
        self.assertIsNone(entry)
        self.assertIn("thing", problem)

    def test_an_unknown_argument_names_the_right_one(self):
        entry, problem = pack_artifact("x", body="y", lables={}, spool=self.spool)
        self.assertIsNone(entry)
        self.assertIn("'labels'", problem)

    def test_a_key_without_anything_is_a_problem(self):
        for key in ("model", "", None, 5):
            entry, problem = pack_artifact(key, spool=self.spool)
            self.assertIsNone(entry)
            self.assertTrue(problem)
        for wrong in ({"labels": 5}, {"local_path": 5}, {"tag": object(), "labels": "x"}):
            entry, problem = pack_artifact("k", body=b"x", spool=self.spool, **wrong)
            self.assertIsNone(entry, wrong)
            self.assertIn("'k'", problem)

    def test_artifact_objects_carry_their_settings_and_the_call_wins(self):
        item = Artifact("notes", "text", labels={"a": "1"}, tag="v1", title="Notes")
        entry = self.pack(item, labels={"b": 2}, tag="v2")
        self.assertEqual((entry["tag"], entry["labels"], entry["metadata"]), ("v2", {"a": "1", "b": "2"}, {"title": "Notes"}))
        self.assertEqual(item.labels, {"a": "1"})


class PathsTest(SpoolCase):
    def pack(self, item, **options):
        return pack_artifact(item, spool=self.spool, **options)

    def test_a_file_is_copied_when_it_is_logged(self):
        self.write("out/model.bin", b"first")
        entry, problem = self.pack("model", local_path="out/model.bin")
        self.write("out/model.bin", b"second")
        self.assertIsNone(problem)
        self.assertEqual((self.read(entry), entry["path"], entry["format"]), (b"first", "out/model.bin", "bin"))

    def test_a_file_from_elsewhere_keeps_its_own_name(self):
        path = self.write("../elsewhere/data.csv", b"a")
        for local_path in (os.path.realpath(path), "../elsewhere/data.csv"):
            self.assertEqual(self.pack("data", local_path=local_path)[0]["path"], "data.csv")

    def test_a_file_under_the_out_path_stays_where_it_is(self):
        path = os.path.join(self.out_path, "plots", "roc.html")
        os.makedirs(os.path.dirname(path))
        with open(path, "w") as file:
            file.write("x")
        for local_path in (path, "plots/roc.html"):
            entry, problem = self.pack("roc", local_path=local_path)
            self.assertIsNone(problem)
            self.assertEqual((entry["url"], entry["path"], entry["kind"]), (path, "plots/roc.html", "html"))
            self.assertNotIn("file", entry)
        self.assertTrue(self.spool_is_empty())

    def test_a_url_is_referenced(self):
        for item, options in (("d", {"local_path": "s3://bucket/a/data.csv?version=1"}), (LinkArtifact("d", "s3://bucket/a/data.csv?version=1"), {})):
            entry, problem = self.pack(item, **options)
            self.assertIsNone(problem)
            self.assertEqual((entry["url"], entry["path"], entry["kind"]), ("s3://bucket/a/data.csv?version=1", "data.csv", "file"))

    def test_a_folder_is_copied_whole(self):
        self.write("model/a.bin", b"1")
        self.write("model/deep/b.bin", b"2")
        os.symlink("a.bin", "model/link.bin")
        os.symlink("..", "model/deep/up")
        for item, options in (("m", {"local_path": "model"}), (DirArtifact("m", "model/"), {})):
            entry, problem = self.pack(item, **options)
            self.assertIn("deep/up", problem)
            self.assertEqual((entry["kind"], entry["path"]), ("directory", "model"))
            target = self.spooled(entry)
            found = sorted(os.path.relpath(os.path.join(root, name), target) for root, _, names in os.walk(target) for name in names)
            self.assertEqual(found, ["a.bin", "deep/b.bin", "link.bin"])
            self.assertFalse(os.path.islink(os.path.join(target, "link.bin")))

    def test_a_folder_that_holds_the_data_directory_does_not_copy_it(self):
        self.write("x.txt")
        entry, problem = self.pack("all", local_path=self.folder)
        self.assertIn(".trainyard", problem)
        self.assertEqual(sorted(os.listdir(self.spooled(entry))), ["work"])

    def test_a_folder_above_the_spool_itself_ends(self):
        entry, problem = self.pack("all", local_path=os.path.join(self.folder, ".trainyard", "runs"))
        self.assertIn("r1", problem)
        self.assertEqual(os.listdir(self.spooled(entry)), [])

    def test_what_cannot_be_copied_is_one_sentence_and_leaves_nothing(self):
        os.mkfifo("pipe")
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind("sock")
        self.write("file")
        cases = [("missing.txt", "no such file"), ("pipe", "named pipe"), ("sock", "socket"), ("/dev/zero", "device"),
                 ("file/inner", "not a folder"), ("nul\0", "not a valid path"), ("n" * 300, "too long")]  # fmt: skip
        for local_path, words in cases:
            entry, problem = self.pack("k", local_path=local_path)
            self.assertIsNone(entry, local_path)
            self.assertIn(words, problem)
            self.assertNotIn("\n", problem)
        self.assertTrue(self.spool_is_empty())

    @unittest.skipIf(os.geteuid() == 0, "root may read every file")
    def test_an_unreadable_file_is_a_problem(self):
        path = self.write("secret")
        os.chmod(path, 0)
        self.assertIn("permission denied", self.pack("k", local_path=path)[1])

    def test_a_file_where_a_folder_is_wanted_is_a_problem(self):
        self.write("file")
        self.assertIn("not a folder", self.pack(DirArtifact("d", "file"))[1])

    def test_a_body_may_not_leave_the_out_path(self):
        for name in ("../evil", "a/../../evil", "..", "./../x"):
            entry, problem = self.pack("k", body=b"x", local_path=name)
            self.assertIsNone(entry)
            self.assertIn("'..'", problem)
        self.assertIn("'..'", self.pack("../k", body=b"x")[1])
        self.assertEqual(self.pack("k", body=b"x", local_path="/etc/passwd")[0]["path"], "passwd")
        self.assertTrue(os.path.samefile(os.path.dirname(self.run_directory), os.path.join(self.folder, ".trainyard", "runs")))

    def test_strange_keys_get_safe_names_and_keep_themselves(self):
        keys = ["plots/roc", 'a"quote"', "it's", "emoji 🎉", "long" * 2500, "new\nline", "nul\0", "back\\slash", "trailing. ", "ümläut", "\ud800"]
        seen = set()
        for key in keys:
            entry, problem = self.pack(key, body=b"x")
            self.assertIsNone(problem, key[:40])
            self.assertEqual(self.read(entry), b"x")
            self.assertLessEqual(max(len(part.encode()) for part in entry["path"].split("/")), 255)
            self.assertNotRegex(entry["path"], r'[\x00-\x1f"\'\\]')
            seen.add(entry["path"])
            json.dumps(entry).encode("utf-8")
        self.assertEqual(len(seen), len(keys))
        self.assertIn("plots/roc", seen)
        self.assertIn("emoji 🎉", seen)

    def test_names_that_differ_only_in_unsafe_characters_do_not_collide(self):
        self.assertNotEqual(files.safe_component('a"b'), files.safe_component("a'b"))
        self.assertNotEqual(files.safe_component("x" * 400), files.safe_component("x" * 401))
        self.assertTrue(files.safe_component("x" * 400 + ".parquet").endswith(".parquet"))

    def test_artifact_path_under_the_out_path_is_followed(self):
        for folder in ("sub/dir", os.path.join(self.out_path, "sub", "dir")):
            self.assertEqual(self.pack("k", body=b"x", artifact_path=folder)[0]["path"], "sub/dir/k")
        self.assertEqual(self.pack("k", body=b"x", artifact_path=self.out_path)[0]["path"], "k")
        self.spool.out_path = "s3://bucket/out"
        self.assertEqual(self.pack("k", body=b"x", artifact_path="s3://bucket/out/sub")[0]["path"], "sub/k")

    def test_artifact_path_elsewhere_keeps_the_artifact_and_says_so(self):
        for folder in ("/somewhere/else", "s3://other/bucket"):
            entry, problem = self.pack("k", body=b"x", artifact_path=folder)
            self.assertEqual((entry["path"], self.read(entry)), ("k", b"x"))
            self.assertIn("--out-path", problem)
        self.assertIn("'..'", self.pack("k", body=b"x", artifact_path="../up")[1])

    @unittest.skipUnless(os.path.exists("/proc/self/status"), "this system does not tell peak memory in /proc")
    def test_copying_a_big_file_keeps_memory_flat(self):
        with open("big", "wb") as file:
            file.truncate(600 * 1024 * 1024)
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from trainyard import files\n"
            "files.copy_file('big', sys.argv[2])\n"
            "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
        )
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        target = os.path.join(self.run_directory, "big")
        done = subprocess.run([sys.executable, "-c", code, root, target], capture_output=True, check=True, text=True)
        self.assertEqual(os.path.getsize(target), 600 * 1024 * 1024)
        self.assertLess(int(done.stdout), 80 * 1024)

    def test_a_full_disk_is_a_sentence_and_leaves_nothing_behind(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("this system has no /dev/full")
        # Through a link: a refused write removes what it began, and root may remove the device itself.
        target = os.path.join(self.folder, "file")
        os.symlink("/dev/full", target)
        with self.assertRaisesRegex(files.FileProblem, "the disk is full"):
            files.write_bytes(target, b"x" * 10)
        self.assertFalse(os.path.lexists(target))


class ShapesTest(SpoolCase):
    def pack(self, item, **options):
        entry, problem = pack_artifact(item, spool=self.spool, **options)
        self.assertIsNone(problem)
        json.dumps(entry, allow_nan=False)
        return entry

    def test_a_chart_draws_itself_and_keeps_its_rows(self):
        chart = ChartArtifact("chart")
        chart.labels = {"type": "roc"}
        chart.header = ["Epoch", "Accuracy", "Loss"]
        for i in range(1, 8):
            chart.add_row([i, i / 20 + 0.75, 0.30 - i / 20])
        entry = self.pack(chart)
        self.assertEqual((entry["kind"], entry["path"], entry["labels"]), ("chart", "chart.html", {"type": "roc"}))
        self.assertEqual(entry["metadata"]["header"], ["Epoch", "Accuracy", "Loss"])
        self.assertEqual(entry["metadata"]["rows"][0], [1, 0.8, 0.25])
        page = self.read(entry).decode()
        self.assertEqual(page.count("<polyline"), 2)
        self.assertNotIn("<script", page)

    def test_charts_of_any_values_are_drawn(self):
        rows = [["a<b>", float("nan")], ["c", 1e308], [None, -1e308], ["d", "text"], ["e"], []]
        for chart in (ChartArtifact("c", ["x", "<y>"], rows), ChartArtifact("c", [], []), ChartArtifact("c", ["x"], [[1]]), ChartArtifact("c", ["x", "y"], [[1, 5]])):
            page = self.read(self.pack(chart)).decode()
            self.assertNotIn("<b>", page)
            self.assertNotIn("nan", page.split("<table>")[0])

    def test_long_charts_keep_spikes_and_stay_small(self):
        rows = [[i, 0.0 if i != 77_777 else 9.0] for i in range(100_000)]
        entry = self.pack(ChartArtifact("c", ["i", "v"], rows))
        self.assertEqual((len(entry["metadata"]["rows"]), entry["metadata"]["length"]), (2000, 100_000))
        page = self.read(entry).decode()
        self.assertLess(len(page), 200_000)
        self.assertEqual(min(float(point.split(",")[1]) for point in page.split('points="')[1].split('"')[0].split()), 16.0)

    def test_a_table_is_csv_with_a_preview(self):
        entry = self.pack(TableArtifact("t", header=["a", "b"], rows=[[1, "x,y"], [2, None]]))
        self.assertEqual((entry["kind"], entry["path"]), ("table", "t.csv"))
        self.assertEqual(self.read(entry), b'a,b\r\n1,"x,y"\r\n2,\r\n')
        self.assertEqual((entry["metadata"]["length"], entry["metadata"]["preview"]), (2, [[1, "x,y"], [2, None]]))
        self.assertEqual(self.pack(TableArtifact("t", [{"a": 1}, {"b": 2}]))["metadata"]["header"], ["a", "b"])

    def test_dataset_and_model_objects_take_their_own_way(self):
        self.assertEqual(self.pack(DatasetArtifact("d", [{"a": 1}]))["kind"], "dataset")
        entry = self.pack(ModelArtifact("m", b"bytes", model_file="m.bin", framework="own"))
        self.assertEqual((entry["kind"], entry["metadata"]["framework"], entry["labels"]), ("model", "own", {"framework": "own"}))

    @needs("matplotlib")
    def test_a_matplotlib_figure_becomes_an_image(self):
        optional("matplotlib").use("agg")
        from matplotlib import pyplot

        figure, axes = pyplot.subplots()
        axes.plot([1, 2, 3])
        self.addCleanup(pyplot.close, figure)
        for item, options in ((PlotArtifact("p", figure), {}), ("p", {"body": axes}), ("p", {"body": figure})):
            entry = self.pack(item, **options)
            self.assertEqual((entry["kind"], entry["path"], self.read(entry)[:4]), ("plot", "p.png", b"\x89PNG"))
        entry = self.pack(PlotArtifact("p", figure, format="svg"))
        self.assertEqual((entry["path"], b"<svg" in self.read(entry)), ("p.svg", True))

    @needs("plotly")
    def test_a_plotly_figure_becomes_a_page_that_needs_no_network(self):
        from plotly import graph_objects

        entry = self.pack(PlotArtifact("p", graph_objects.Figure(data=[graph_objects.Scatter(y=[1, 2])])))
        page = self.read(entry).decode()
        self.assertEqual((entry["kind"], entry["path"]), ("plot", "p.html"))
        self.assertNotRegex(page, r'<script[^>]+src=')

    @needs("PIL")
    def test_a_picture_becomes_an_image(self):
        from PIL import Image

        entry = self.pack("p", body=Image.new("RGB", (2, 2)))
        self.assertEqual((entry["kind"], entry["path"], self.read(entry)[:4]), ("plot", "p.png", b"\x89PNG"))
        self.assertEqual(self.pack("p", body=Image.new("RGB", (2, 2)), local_path="p.jpg")["format"], "jpg")

    @needs("numpy")
    def test_an_array_keeps_its_own_format(self):
        numpy = optional("numpy")
        entry = self.pack("a", body=numpy.arange(6).reshape(2, 3))
        self.assertEqual((entry["path"], entry["metadata"]["shape"]), ("a.npy", [2, 3]))
        self.assertEqual(numpy.load(self.spooled(entry)).tolist(), [[0, 1, 2], [3, 4, 5]])

    @needs("pandas")
    def test_a_frame_given_as_body_is_a_data_set(self):
        pandas = optional("pandas")
        self.assertEqual(self.pack("d", body=pandas.DataFrame({"a": [1]}))["kind"], "dataset")

    def test_a_figure_that_fails_to_draw_is_a_problem(self):
        class Broken:
            def savefig(self, *_, **__):
                raise RuntimeError("no fonts")

        entry, problem = pack_artifact(PlotArtifact("p", Broken()), spool=self.spool)
        self.assertIsNone(entry)
        self.assertIn("no fonts", problem)


if __name__ == "__main__":
    unittest.main()
