import json
import os
import pickle
import unittest

from packing_support import SpoolCase, needs, optional

from trainyard.artifacts import ChartArtifact
from trainyard.models import pack_model


class Estimator:
    def __init__(self):
        self.weights = [1, 2]


class ModelsTest(SpoolCase):
    def pack(self, key, **options):
        entry, problem = pack_model(key, spool=self.spool, **options)
        self.assertIsNone(problem)
        json.dumps(entry, allow_nan=False)
        return entry

    def files(self, entry):
        root = self.spooled(entry)
        return sorted(os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names)

    def content(self, entry, name):
        with open(os.path.join(self.spooled(entry), name), "rb") as file:
            return file.read()

    def test_bytes_with_everything_about_them(self):
        entry = self.pack(
            "model",
            body=b"weights",
            model_file="model.bst",
            framework="xgboost",
            algorithm="Booster",
            metrics={"accuracy": 0.9, "loss": float("nan")},
            parameters={"eta": 0.3},
            inputs=[{"name": "x", "type": "float"}, "y"],
            outputs={"label": "int"},
            labels={"stage": "dev"},
            tag="v1",
        )
        self.assertEqual((entry["kind"], entry["path"], entry["tag"], entry["labels"]), ("model", "model", "v1", {"framework": "xgboost", "stage": "dev"}))
        self.assertEqual(self.files(entry), ["MLmodel", "model.bst", "model.json"])
        self.assertEqual(self.content(entry, "model.bst"), b"weights")
        flavors = json.loads(self.content(entry, "MLmodel"))["flavors"]
        self.assertEqual((flavors["xgboost"]["data"], flavors["python_function"]["loader_module"]), ("model.bst", "mlflow.xgboost"))
        metadata = entry["metadata"]
        self.assertEqual((metadata["modelFile"], metadata["metrics"]), ("model.bst", {"accuracy": 0.9, "loss": "NaN"}))
        self.assertEqual(metadata["inputs"], [{"type": "float", "name": "x"}, {"name": "y", "type": None}])
        self.assertEqual(metadata["outputs"], [{"name": "label", "type": "int"}])
        self.assertEqual(json.loads(self.content(entry, "model.json")), {"key": "model", **metadata})

    def test_an_existing_file_a_folder_and_a_file_of_a_folder(self):
        self.write("out/net/weights.bin", b"w")
        self.write("out/net/vocab.txt", b"v")
        self.write("out/single.pt", b"s")
        self.assertEqual(self.pack("m", model_file="out/single.pt")["metadata"]["modelFile"], "single.pt")
        entry = self.pack("m", model_dir="out/net")
        self.assertEqual((self.files(entry), "modelFile" in entry.get("metadata", {})), (["model.json", "vocab.txt", "weights.bin"], False))
        entry = self.pack("m", model_dir="out/net", model_file="weights.bin")
        self.assertEqual((self.files(entry), entry["metadata"]["modelFile"]), (["model.json", "vocab.txt", "weights.bin"], "weights.bin"))
        entry = self.pack("m", model_file="out/net")
        self.assertEqual(self.files(entry), ["model.json", "net/vocab.txt", "net/weights.bin"])

    def test_an_object_is_pickled_with_its_class_as_algorithm(self):
        entry = self.pack("m", body=Estimator())
        self.assertEqual((entry["metadata"]["modelFile"], entry["metadata"]["algorithm"]), ("m.pkl", "Estimator"))
        self.assertEqual(pickle.loads(self.content(entry, "m.pkl")).weights, [1, 2])

    def test_extra_data_lies_beside_the_model(self):
        self.write("notes.md", b"# notes")
        extra = {
            "notes": "notes.md", "raw": b"123", "address": "s3://bucket/x", "facts": {"a": 1},
            "roc": ChartArtifact("anything", ["x", "y"], [[1, 2], [2, 3]]),
        }  # fmt: skip
        entry = self.pack("m", body=b"w", extra_data=extra)
        kept = entry["metadata"]["extraData"]
        self.assertEqual((kept["address"], kept["facts"], kept["notes"], kept["roc"]), ("s3://bucket/x", {"a": 1}, "extra/notes.md", "extra/roc.html"))
        self.assertEqual(self.files(entry), ["extra/notes.md", "extra/raw", "extra/roc.html", "m", "model.json"])
        entry, problem = pack_model("m", body=b"w", extra_data={"x": "missing.txt"}, spool=self.spool)
        self.assertEqual(entry["path"], "m")
        self.assertIn("missing.txt", problem)

    def test_a_training_set_gives_the_schema_and_the_statistics(self):
        rows = [{"a": 1.0, "b": "x", "label": 0}, {"a": 2.0, "b": "y", "label": 1}]
        metadata = self.pack("m", body=b"w", training_set=rows, label_column="label")["metadata"]
        self.assertEqual([column["name"] for column in metadata["inputs"]], ["a", "b"])
        self.assertEqual(metadata["outputs"], [{"name": "label", "type": "int"}])
        self.assertEqual((metadata["labelColumn"], len(metadata["stats"])), ("label", 3))

    def test_what_is_wrong_is_one_sentence(self):
        cases = [
            ({}, "needs body="), ({"model_file": "missing.bin"}, "no such file"), ({"model_dir": "missing"}, "no such file"),
            ({"body": b"x", "inputs": [5]}, "inputs of log_model"), ({"body": b"x", "framwork": "x"}, "'framework'"),
            ({"body": b"x", "training_set": [{"a": 1}], "label_column": "y"}, "no column 'y'"),
            ({"body": b"x", "training_set": "text"}, "training_set"),
        ]  # fmt: skip
        for options, words in cases:
            entry, problem = pack_model("m", spool=self.spool, **options)
            self.assertIsNone(entry, options)
            self.assertIn(words, problem)

    @needs("sklearn", "numpy")
    def test_a_scikit_learn_model(self):
        from sklearn.linear_model import LogisticRegression

        numpy = optional("numpy")
        model = LogisticRegression().fit(numpy.array([[0.0], [1.0]]), [0, 1])
        entry = self.pack("m", body=model, inputs=numpy.array([[0.0], [1.0]]))
        metadata = entry["metadata"]
        self.assertEqual((metadata["framework"], metadata["algorithm"], metadata["modelFile"]), ("sklearn", "LogisticRegression", "m.pkl"))
        self.assertEqual(metadata["inputs"], [{"name": "0", "type": "float64"}])
        self.assertEqual(pickle.loads(self.content(entry, "m.pkl")).predict([[1.0]]).tolist(), [1])

    @needs("xgboost", "numpy")
    def test_an_xgboost_booster_keeps_its_own_format(self):
        xgboost, numpy = optional("xgboost"), optional("numpy")
        data = xgboost.DMatrix(numpy.array([[0.0], [1.0]]), label=[0, 1])
        entry = self.pack("m", body=xgboost.train({"objective": "binary:logistic"}, data, 1))
        self.assertEqual((entry["metadata"]["framework"], entry["metadata"]["modelFile"]), ("xgboost", "m.ubj"))
        xgboost.Booster(model_file=os.path.join(self.spooled(entry), "m.ubj"))


if __name__ == "__main__":
    unittest.main()
