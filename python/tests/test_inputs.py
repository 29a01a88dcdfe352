import http.server
import json
import os
import pathlib
import sys
import threading
import unittest
from unittest import mock

from run_support import RunTest

from trainyard.errors import InputError
from trainyard.inputs import DataItem


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.startswith("/data.csv")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"a,b\n1,2\n" if found else b"")

    def log_message(self, *about):
        return


class InputTest(RunTest):
    def test_a_file_is_read_by_path_file_url_and_as_a_path(self):
        path = self.write("data file.csv", "a,b\n1,2\n")
        for url in (path, pathlib.Path(path), pathlib.Path(path).as_uri()):
            item = DataItem(url, "data")
            self.assertEqual(item.get(), b"a,b\n1,2\n")
            self.assertEqual(item.get(size=3, offset=4, encoding="utf-8"), "1,2")
            self.assertEqual((item.local(), item.suffix, item.size, item.exists(), item.kind), (path, ".csv", 8, True, "file"))
            with item.open("r") as file:
                self.assertEqual(file.readline(), "a,b\n")
            with open(item) as file:
                self.assertEqual(file.read(), "a,b\n1,2\n")
        self.assertEqual(DataItem(self.folder).ls(), ["data file.csv"])

    def test_get_of_a_folder_is_its_path(self):
        self.write("weights.bin", "abc")
        folder = DataItem(self.folder, "model").get()
        self.assertEqual((folder / "weights.bin").read_bytes(), b"abc")

    def test_a_missing_file_is_told_in_one_sentence(self):
        item = DataItem("missing.csv", "data")
        self.assertFalse(item.exists())
        with self.assertRaisesRegex(InputError, r'Input "data" \(missing.csv\): there is no file .*missing.csv'):
            item.get()
        with self.assertRaisesRegex(InputError, "is a folder"):
            DataItem(self.folder).open()

    def test_http_is_fetched_once_and_its_errors_are_sentences(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        base = "http://127.0.0.1:%d" % server.server_address[1]
        with mock.patch.dict(os.environ, {"no_proxy": "*"}):
            item = DataItem(base + "/data.csv?x=1", "data", folder=self.folder)
            self.assertEqual((item.get(), item.suffix, item.kind), (b"a,b\n1,2\n", ".csv", "http"))
            with self.assertRaisesRegex(InputError, "the server answered 404"):
                DataItem(base + "/none", "data", folder=self.folder).get()
            server.shutdown()
            self.assertEqual(DataItem(base + "/data.csv?x=1", folder=self.folder).get(), b"a,b\n1,2\n")
            with self.assertRaisesRegex(InputError, "cannot be reached"):
                DataItem("http://127.0.0.1:1/data.csv", "data", folder=self.folder).get()
        self.assertEqual([name for name in os.listdir(self.folder) if name.endswith(".part")], [])

    def test_object_stores_are_read_by_the_command(self):
        fake = self.write("fake.py", """
            import sys
            if 'denied' in sys.argv[2]:
                sys.exit('error: No credentials for s3://denied.')
            open(sys.argv[3], 'w').write(' '.join(sys.argv[1:3]))
            """)
        with mock.patch.dict(os.environ, {"TRAINYARD_CLI": json.dumps([sys.executable, fake])}):
            self.assertEqual(DataItem("s3://bucket/key.txt", folder=self.folder).get(), b"get s3://bucket/key.txt")
            with self.assertRaisesRegex(InputError, "No credentials for s3://denied"):
                DataItem("s3://denied/key.txt", folder=self.folder).get()
        with mock.patch.dict(os.environ):
            os.environ.pop("TRAINYARD_CLI", None)
            with self.assertRaisesRegex(InputError, "trainyard run"):
                DataItem("s3://bucket/other.txt", folder=self.folder).get()
            with self.assertRaisesRegex(InputError, "ftp:// is not known"):
                DataItem("ftp://host/x", folder=self.folder).get()

    def test_staged_bytes_are_used_and_the_url_stays(self):
        path = self.write("staged", "x")
        item = DataItem("s3://bucket/key.csv", "data", path=path)
        self.assertEqual((item.get(), item.url, str(item), item.suffix), (b"x", "s3://bucket/key.csv", "s3://bucket/key.csv", ".csv"))

    def test_a_table_needs_a_known_format_and_the_package(self):
        with self.assertRaisesRegex(InputError, "format="):
            DataItem(self.write("data.xyz", "a")).as_df()
        with mock.patch.dict(sys.modules, {"pandas": None}), self.assertRaisesRegex(InputError, "needs the package 'pandas'"):
            DataItem(self.write("data.csv", "a")).as_df()


if __name__ == "__main__":
    unittest.main()
