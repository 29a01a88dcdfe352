"""The `mlflow` command against a running server: MLFLOW_TRACKING_URI says where."""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import uuid

from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.cli import cli

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def started(*arguments):
    """The command in a process of its own: 4 s of imports each time."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "mlflow", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"mlflow {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr[-2000:]}")
    return done.stdout


def mlflow(*arguments):
    """The same command in this process, which has its imports already."""
    done = CliRunner().invoke(cli, arguments)
    if done.exit_code != 0:
        raise AssertionError(f"mlflow {' '.join(arguments)}: {done.exit_code}\n{done.output[-2000:]}") from done.exception
    return done.output


class CommandLine(unittest.TestCase):
    def test_experiments_runs_and_artifacts(self):
        client, name = MlflowClient(), f"cli-{uuid.uuid4().hex[:8]}"
        started("experiments", "create", "--experiment-name", name)
        experiment = client.get_experiment_by_name(name).experiment_id
        self.assertIn(name, mlflow("experiments", "search"))
        run = client.create_run(experiment, run_name="by hand").info.run_id
        client.log_param(run, "p", "1")
        client.log_metric(run, "m", 2)
        self.assertIn(run, mlflow("runs", "list", "--experiment-id", experiment))
        self.assertEqual(json.loads(mlflow("runs", "describe", "--run-id", run))["data"]["metrics"], {"m": 2.0})
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "note.txt")
            file.write_text("from the command")
            mlflow("artifacts", "log-artifact", "--local-file", str(file), "--run-id", run, "--artifact-path", "notes")
            self.assertIn("notes/note.txt", mlflow("artifacts", "list", "--run-id", run, "--artifact-path", "notes"))
            mlflow("artifacts", "download", "--run-id", run, "--artifact-path", "notes", "--dst-path", folder)
            self.assertEqual(pathlib.Path(folder, "notes", "note.txt").read_text(), "from the command")
            table = pathlib.Path(folder, "runs.csv")
            mlflow("experiments", "csv", "--experiment-id", experiment, "--filename", str(table))
            with open(table) as lines:
                self.assertEqual([row["run_id"] for row in csv.DictReader(lines)], [run])
        mlflow("runs", "delete", "--run-id", run)
        self.assertEqual(client.get_run(run).info.lifecycle_stage, "deleted")
        mlflow("experiments", "delete", "--experiment-id", experiment)
        mlflow("experiments", "restore", "--experiment-id", experiment)
        mlflow("experiments", "rename", "--experiment-id", experiment, "--new-name", f"{name}-new")
        self.assertEqual(client.get_experiment(experiment).name, f"{name}-new")


if __name__ == "__main__":
    unittest.main()
