"""Evaluation data sets, registered scorers and figures over traces, as the client offers them."""

import time
import unittest
import uuid

import mlflow
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.genai.datasets import create_dataset, delete_dataset, delete_dataset_tag, get_dataset, search_datasets, set_dataset_tags
from mlflow.genai.scorers import Guidelines, delete_scorer, get_scorer, list_scorers
from mlflow.genai.scorers.registry import list_scorer_versions
from mlflow.tracking._tracking_service.utils import _get_store


def records_of(dataset):
    return get_dataset(dataset_id=dataset.dataset_id).to_df().to_dict("records")


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


class EvaluationDatasets(unittest.TestCase):
    def setUp(self):
        self.experiment = mlflow.set_experiment(unique("evaluation")).experiment_id
        self.name = unique("questions")
        self.dataset = create_dataset(name=self.name, experiment_id=self.experiment, tags={"team": "blue"})

    def test_records_are_merged_by_their_inputs(self):
        self.dataset.merge_records([{"inputs": {"q": "a", "n": 1}, "expectations": {"e": 1.5}}, {"inputs": {"q": "b"}, "outputs": ["x"]}])
        self.dataset.merge_records([{"inputs": {"n": 1, "q": "a"}, "expectations": {"f": None}, "tags": {"t": "1"}}])
        again = get_dataset(dataset_id=self.dataset.dataset_id)
        frame = again.to_df()
        self.assertEqual(list(frame["inputs"]), [{"q": "a", "n": 1}, {"q": "b"}])
        self.assertEqual(frame["expectations"][0], {"e": 1.5, "f": None})
        self.assertEqual(frame["outputs"][1], ["x"])
        self.assertEqual(frame["source_type"][0], "HUMAN")
        self.assertEqual(frame["tags"][0]["t"], "1")
        self.assertEqual(again.tags["team"], "blue")
        self.assertEqual(again.experiment_ids, [self.experiment])
        self.assertEqual(again.delete_records([frame["dataset_record_id"][0]]), 1)
        self.assertEqual(len(records_of(self.dataset)), 1)

    def test_traces_become_records(self):
        @mlflow.trace
        def answer(question):
            return question.upper()

        answer("why?")
        mlflow.flush_trace_async_logging()
        traces = mlflow.search_traces(locations=[self.experiment], return_type="list")
        mlflow.log_expectation(trace_id=traces[0].info.trace_id, name="said", value="WHY?")
        self.dataset.merge_records(mlflow.search_traces(locations=[self.experiment], return_type="list"))
        [record] = records_of(self.dataset)
        self.assertEqual((record["inputs"], record["expectations"], record["source_type"]), ({"question": "why?"}, {"said": "WHY?"}, "TRACE"))
        self.assertEqual(record["source_id"], traces[0].info.trace_id)

    def test_many_records_come_back_in_pages(self):
        self.dataset.merge_records([{"inputs": {"n": n}} for n in range(2_345)])
        self.assertEqual([record["inputs"]["n"] for record in records_of(self.dataset)], list(range(2_345)))

    def test_data_sets_are_searched_and_deleted(self):
        other = create_dataset(name=self.name + "-b", experiment_id=self.experiment)
        found = search_datasets(experiment_ids=[self.experiment], filter_string=f"name LIKE '{self.name}%'", order_by=["name DESC"])
        self.assertEqual([each.name for each in found], [other.name, self.name])
        set_dataset_tags(dataset_id=other.dataset_id, tags={"k": "v", "team": None})
        self.assertEqual([each.name for each in search_datasets(filter_string=f"tags.k = 'v' AND name = '{other.name}'")], [other.name])
        delete_dataset_tag(dataset_id=other.dataset_id, key="k")
        self.assertEqual(list(search_datasets(filter_string=f"tags.k = 'v' AND name = '{other.name}'")), [])
        delete_dataset(dataset_id=other.dataset_id)
        with self.assertRaises(mlflow.exceptions.MlflowException):
            get_dataset(dataset_id=other.dataset_id)

    def test_data_sets_belong_to_several_experiments(self):
        store, second = _get_store(), mlflow.create_experiment(unique("second"))
        store.add_dataset_to_experiments(self.dataset.dataset_id, [second])
        self.assertEqual(set(store.get_dataset_experiment_ids(self.dataset.dataset_id)), {self.experiment, second})
        store.remove_dataset_from_experiments(self.dataset.dataset_id, [self.experiment])
        self.assertEqual(store.get_dataset_experiment_ids(self.dataset.dataset_id), [second])

    def test_evaluate_reads_a_data_set_and_writes_what_it_found(self):
        self.dataset.merge_records([{"inputs": {"q": q}, "expectations": {"expected_response": q.upper()}} for q in ("a", "b", "c")])

        @mlflow.genai.scorer
        def exact(outputs, expectations):
            return outputs == expectations["expected_response"]

        result = mlflow.genai.evaluate(data=get_dataset(dataset_id=self.dataset.dataset_id), predict_fn=lambda q: q.upper() if q != "c" else q, scorers=[exact])
        self.assertAlmostEqual(result.metrics["exact/mean"], 2 / 3)
        run = mlflow.get_run(result.run_id)
        self.assertAlmostEqual(run.data.metrics["exact/mean"], 2 / 3)
        self.assertEqual(run.inputs.dataset_inputs[0].dataset.name, self.name)
        traces = mlflow.search_traces(run_id=result.run_id, return_type="list")
        self.assertEqual(sorted(trace.info.assessments[0].feedback.value for trace in traces if trace.info.assessments), [False, True, True])


class RegisteredScorers(unittest.TestCase):
    def setUp(self):
        self.experiment = mlflow.set_experiment(unique("scorers")).experiment_id

    def test_scorers_are_registered_in_versions(self):
        for guidelines in ("Be polite.", "Be short."):
            Guidelines(name="manners", guidelines=guidelines, model="openai:/gpt-4o-mini").register()
        self.assertEqual(get_scorer(name="manners").guidelines, "Be short.")
        self.assertEqual(get_scorer(name="manners", version=1).guidelines, "Be polite.")
        self.assertEqual([version for _, version in list_scorer_versions(name="manners")], [1, 2])
        self.assertEqual([scorer.name for scorer in list_scorers()], ["manners"])
        delete_scorer(name="manners", version="all")
        self.assertEqual(list_scorers(), [])


class Figures(unittest.TestCase):
    def test_traces_are_counted(self):
        experiment = mlflow.set_experiment(unique("figures")).experiment_id

        @mlflow.trace(name="work")
        def work(fails):
            if fails:
                raise ValueError("no")
            time.sleep(0.002)

        for fails in (False, False, True):
            try:
                work(fails)
            except ValueError:
                pass
        mlflow.flush_trace_async_logging()
        query = _get_store().query_trace_metrics
        counted = query([experiment], MetricViewType.TRACES, "trace_count", [MetricAggregation(AggregationType.COUNT)], dimensions=["trace_status"])
        self.assertEqual({point.dimensions["trace_status"]: point.values["COUNT"] for point in counted}, {"OK": 2, "ERROR": 1})
        [latency] = query([experiment], MetricViewType.TRACES, "latency", [MetricAggregation(AggregationType.PERCENTILE, 50), MetricAggregation(AggregationType.MAX)])
        self.assertGreaterEqual(latency.values["MAX"], latency.values["P50.0"])
        overlap = _get_store().calculate_trace_filter_correlation([experiment], "status = 'ERROR'", "span.status = 'ERROR'")
        self.assertEqual((overlap.npmi, overlap.joint_count, overlap.total_count), (1.0, 1, 3))


unittest.main()
