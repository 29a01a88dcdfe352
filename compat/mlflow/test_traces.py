"""Traces, spans and assessments through the official MLflow client: MLFLOW_TRACKING_URI says where. Standard library's unittest only."""

import json
import os
import time
import unittest
import uuid

os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"

import mlflow
import requests
from mlflow import MlflowClient
from mlflow.entities import AssessmentError, AssessmentSource, SpanType, Expectation, Feedback
from mlflow.exceptions import MlflowException
from mlflow.tracing.provider import reset

uri = os.environ["MLFLOW_TRACKING_URI"]


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class Traced(unittest.TestCase):
    def setUp(self):
        self.client = MlflowClient()
        self.experiment = mlflow.set_experiment(unique("traces")).experiment_id

    def ids(self, filter_string=None, **options):
        return [t.info.trace_id for t in mlflow.search_traces(locations=[self.experiment], filter_string=filter_string, return_type="list", **options)]

    def make(self, name="work", **attributes):
        with mlflow.start_span(name) as span:
            span.set_attributes(attributes)
        return span.trace_id


class Spans(Traced):
    def test_decorated_functions_nest_and_keep_inputs_and_outputs(self):
        @mlflow.trace(span_type=SpanType.TOOL, attributes={"unit": "°C"})
        def weather(city):
            return {"city": city, "degrees": [21, 22.0, -3], "sunny": True, "wind": None}

        @mlflow.trace(name="answer", span_type=SpanType.CHAIN)
        def answer(question, times=2):
            return [weather("Zürich"), weather("東京")][:times]

        answer("Wie wird das Wetter? ☀️")
        trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
        self.assertEqual(trace.info.state.value, "OK")
        self.assertEqual(trace.info.experiment_id, self.experiment)
        self.assertEqual(trace.info.tags["mlflow.traceName"], "answer")
        self.assertEqual(trace.info.tags["mlflow.trace.spansLocation"], "TRACKING_STORE")
        self.assertIn("Wetter", trace.info.request_preview)
        self.assertIn("東京", trace.info.response_preview)
        root, *children = trace.data.spans
        self.assertEqual((root.name, root.parent_id, root.span_type), ("answer", None, "CHAIN"))
        self.assertEqual(root.inputs, {"question": "Wie wird das Wetter? ☀️", "times": 2})
        self.assertEqual([child.parent_id for child in children], [root.span_id] * 2)
        self.assertEqual(children[1].outputs, {"city": "東京", "degrees": [21, 22.0, -3], "sunny": True, "wind": None})
        self.assertEqual(children[0].attributes["unit"], "°C")
        self.assertIsInstance(children[0].outputs["degrees"][1], float)
        self.assertIsInstance(children[0].outputs["degrees"][0], int)
        self.assertGreaterEqual(root.end_time_ns, children[1].end_time_ns)

    def test_exceptions_make_the_trace_an_error_with_an_event(self):
        @mlflow.trace
        def breaks():
            with mlflow.start_span("inner"):
                raise ValueError("no such ünïcode")

        with self.assertRaises(ValueError):
            breaks()
        trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
        self.assertEqual(trace.info.state.value, "ERROR")
        for span in trace.data.spans:
            self.assertEqual(span.status.status_code.value, "ERROR")
            self.assertEqual(span.events[0].name, "exception")
            self.assertEqual(span.events[0].attributes["exception.message"], "no such ünïcode")
            self.assertIn("Traceback", span.events[0].attributes["exception.stacktrace"])

    def test_a_trace_of_a_thousand_spans(self):
        with mlflow.start_span("root") as root:
            for at in range(999):
                with mlflow.start_span(f"step {at}") as span:
                    span.set_inputs({"at": at})
        trace = mlflow.get_trace(root.trace_id)
        self.assertEqual(len(trace.data.spans), 1000)
        self.assertEqual({span.inputs["at"] for span in trace.data.spans if span.parent_id}, set(range(999)))

    def test_values_of_every_kind_come_back_as_they_were(self):
        values = {
            "int": 2**62, "negative": -5, "float": 1.0, "small": 1e-300, "bool": False, "none": None, "text": "a'b\"c\\d\n\u2028",
            "list": [1, 2.5, "x", None, [True]], "map": {"deep": {"er": [{}]}}, "empty": {}, "list of nothing": [],
        }
        with mlflow.start_span("values") as span:
            span.set_attributes(values)
            span.add_event(mlflow.entities.SpanEvent(name="seen", attributes={"count": 3, "names": ["a", "b"]}))
        kept = mlflow.get_trace(span.trace_id).data.spans[0]
        for key, value in values.items():
            self.assertEqual(kept.attributes[key], value, key)
            self.assertIs(type(kept.attributes[key]), type(value), key)
        self.assertEqual(kept.events[0].attributes["count"], 3)
        self.assertEqual(list(kept.events[0].attributes["names"]), ["a", "b"])
        self.assertEqual(kept.start_time_ns, span.start_time_ns)

    def test_manual_spans_across_functions(self):
        root = mlflow.start_span_no_context("root", inputs={"q": 1}, tags={"a": "b"}, metadata={"m": "n"})
        child = mlflow.start_span_no_context("child", parent_span=root)
        child.end(outputs=5)
        root.end(outputs={"r": 2})
        trace = mlflow.get_trace(root.trace_id)
        self.assertEqual([span.name for span in trace.data.spans], ["root", "child"])
        self.assertEqual(trace.info.tags["a"], "b")
        self.assertEqual(trace.info.trace_metadata["m"], "n")

    def test_token_usage_and_sessions(self):
        with mlflow.start_span("chat") as span:
            mlflow.update_current_trace(metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "ann"}, client_request_id="req-1")
            with mlflow.start_span("llm", span_type=SpanType.CHAT_MODEL) as inner:
                inner.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        trace = mlflow.get_trace(span.trace_id)
        self.assertEqual(trace.info.token_usage["total_tokens"], 7)
        self.assertEqual(trace.info.client_request_id, "req-1")
        self.assertEqual(self.ids("metadata.`mlflow.trace.session` = 's-1'"), [span.trace_id])
        self.assertEqual(self.ids("client_request_id = 'req-1'"), [span.trace_id])

    def test_a_client_without_a_span_store_uploads_and_downloads_a_file(self):
        info = self.client._tracing_client.get_trace_info(self.make())
        body = {"trace": {"trace_info": {
            "trace_id": "tr-" + uuid.uuid4().hex, "state": "OK", "request_time": "2025-01-01T00:00:00.5Z", "execution_duration": "1.25s",
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": self.experiment}},
        }}}
        made = requests.post(f"{uri}/api/3.0/mlflow/traces", json=body).json()["trace"]["trace_info"]
        self.assertNotIn("mlflow.trace.spansLocation", made["tags"])
        self.assertEqual(made["request_time"], "2025-01-01T00:00:00.500Z")
        self.assertEqual(made["execution_duration"], "1.250s")
        trace = mlflow.get_trace(info.trace_id)
        stored = self.client._tracing_client.get_trace_info(made["trace_id"])
        self.client._tracing_client._upload_trace_data(stored, trace.data)
        self.assertEqual(self.client._tracing_client._download_trace_data(stored).spans[0].name, "work")
        self.assertEqual(mlflow.get_trace(made["trace_id"]).data.spans[0].name, "work")
        # And the other way round: spans that came over the wire are a file for those who ask for one.
        self.assertEqual(self.client._tracing_client._download_trace_data(info).spans[0].span_id, trace.data.spans[0].span_id)

    def test_asynchronous_logging(self):
        os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "true"
        try:
            reset()
            ids = [self.make(f"later {at}") for at in range(20)]
            mlflow.flush_trace_async_logging()
            self.assertEqual(set(self.ids()), set(ids))
        finally:
            os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
            reset()


class Search(Traced):
    def test_filters(self):
        ids = {}
        for name, tags, type_ in [("alpha", {"team": "red"}, "LLM"), ("beta", {"team": "blue"}, "TOOL"), ("gamma", {}, "LLM")]:
            with mlflow.start_span(name, span_type=type_) as span:
                mlflow.update_current_trace(tags=tags)
                span.set_attributes({"model": f"gpt-{name}", "cost": 5})
                span.set_inputs({"question": f"find the {name} needle"})
            ids[name] = span.trace_id
        every = set(ids.values())
        for filter_string, names in {
            "": "alpha beta gamma",
            "trace.status = 'OK'": "alpha beta gamma",
            "status != 'OK'": "",
            "name = 'alpha'": "alpha",
            "trace.name LIKE '%a' AND tags.team = 'blue'": "beta",
            "name ILIKE 'GAM%'": "gamma",
            "name RLIKE '^(al|ga)'": "alpha gamma",
            "tags.team != 'red'": "beta",
            "tag.team IS NULL": "gamma",
            "tags.team IS NOT NULL": "alpha beta",
            "span.type = 'LLM' AND span.name = 'alpha'": "alpha",
            "span.type IN ('TOOL', 'AGENT')": "beta",
            "span.status = 'OK'": "alpha beta gamma",
            "span.attributes.model LIKE '%beta%'": "beta",
            "span.attributes.model RLIKE '^gpt-[ab]'": "alpha beta",
            "trace.text LIKE '%gamma needle%'": "gamma",
            "span.content ILIKE '%NEEDLE%' AND timestamp > 0": "alpha beta gamma",
            "timestamp_ms > 0 AND execution_time_ms >= 0 AND end_time > 5": "alpha beta gamma",
            "timestamp > 99999999999999": "",
            f"request_id = '{ids['alpha']}'": "alpha",
            f"request_id IN ('{ids['alpha']}', '{ids['beta']}', 'x')": "alpha beta",
            f"status IN ('OK', 'ERROR') AND name != 'alpha'": "beta gamma",
        }.items():
            self.assertEqual(set(self.ids(filter_string)), {ids[name] for name in names.split()}, filter_string)
        self.assertEqual(every, set(self.ids()))

    def test_order_and_pages(self):
        made = [self.make(f"n{at}") for at in (3, 1, 2, 5, 4)]
        self.assertEqual(self.ids(), made[::-1])
        self.assertEqual(self.ids(order_by=["timestamp_ms ASC"]), made)
        names = [t.info.tags["mlflow.traceName"] for t in mlflow.search_traces(locations=[self.experiment], order_by=["name DESC"], return_type="list")]
        self.assertEqual(names, ["n5", "n4", "n3", "n2", "n1"])
        seen, token = [], None
        while True:
            page = self.client.search_traces(locations=[self.experiment], max_results=2, page_token=token, order_by=["name"])
            seen += [t.info.tags["mlflow.traceName"] for t in page]
            token = page.token
            if not token:
                break
        self.assertEqual(seen, ["n1", "n2", "n3", "n4", "n5"])
        frame = mlflow.search_traces(locations=[self.experiment], max_results=3)
        self.assertEqual(len(frame), 3)
        self.assertIn("spans", frame.columns)

    def test_bad_filters_are_refused(self):
        for filter_string in [
            "foo = 'x'", "bogus.key = 'x'", "status > 'OK'", "timestamp = 'x'", "span.colour = 'x'", "name", "name = 'a' OR name = 'b'",
            "text = 'x'", "name RLIKE '('", "feedback.a > 'x'", "status = 5", "prompt = 'x'", "prompt LIKE 'a/1'", "issue.name = 'x'",
        ]:
            with self.assertRaises(MlflowException, msg=filter_string) as caught:
                self.client.search_traces(locations=[self.experiment], filter_string=filter_string)
            self.assertEqual(caught.exception.error_code, "INVALID_PARAMETER_VALUE", filter_string)
        for order in [["bogus"], ["span.name"], ["name", "name DESC"], ["name SIDEWAYS"]]:
            with self.assertRaises(MlflowException) as caught:
                self.client.search_traces(locations=[self.experiment], order_by=order)
            self.assertEqual(caught.exception.error_code, "INVALID_PARAMETER_VALUE")

    def test_tags_deletion_and_runs(self):
        with mlflow.start_run() as run:
            inside = self.make("inside")
        outside = self.make("outside")
        self.assertEqual(self.ids(f"run_id = '{run.info.run_id}'"), [inside])
        self.client.link_traces_to_run([outside], run.info.run_id)
        self.assertEqual(set(self.ids(f"run_id = '{run.info.run_id}'")), {inside, outside})
        self.assertEqual(len(mlflow.search_traces(run_id=run.info.run_id, locations=[self.experiment])), 2)
        mlflow.set_trace_tag(inside, "colour", "grün")
        self.assertEqual(self.ids("tags.colour = 'grün'"), [inside])
        mlflow.delete_trace_tag(inside, "colour")
        with self.assertRaises(MlflowException) as caught:
            mlflow.delete_trace_tag(inside, "colour")
        self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")
        self.assertEqual(self.client.delete_traces(self.experiment, trace_ids=[inside, "tr-unknown"]), 1)
        self.assertIsNone(mlflow.get_trace(inside, silent=True))
        self.assertEqual(self.client.delete_traces(self.experiment, max_timestamp_millis=int(time.time() * 1000) + 1000, max_traces=5), 1)
        self.assertEqual(self.ids(), [])


class Assessments(Traced):
    def test_feedback_and_expectations(self):
        trace = self.make()
        human = AssessmentSource(source_type="HUMAN", source_id="ann@example.org")
        good = mlflow.log_feedback(trace_id=trace, name="good", value=True, source=human, rationale="weil 好", metadata={"k": "v"})
        mlflow.log_feedback(trace_id=trace, name="score", value=0.5, source=AssessmentSource(source_type="LLM_JUDGE", source_id="gpt"))
        mlflow.log_feedback(trace_id=trace, name="detail", value={"a": [1, "x"]})
        mlflow.log_feedback(trace_id=trace, name="failed", error=AssessmentError(error_code="RATE", error_message="too fast"))
        mlflow.log_expectation(trace_id=trace, name="expected", value={"facts": ["Bern"]}, source=human)
        plain = mlflow.log_expectation(trace_id=trace, name="plain", value="Bern")
        kept = {a.name: a for a in mlflow.get_trace(trace).info.assessments}
        self.assertEqual((kept["good"].value, kept["good"].rationale, kept["good"].metadata), (True, "weil 好", {"k": "v"}))
        self.assertEqual(kept["good"].source.source_id, "ann@example.org")
        self.assertEqual((kept["score"].value, kept["detail"].value), (0.5, {"a": [1, "x"]}))
        self.assertEqual(kept["failed"].error.error_code, "RATE")
        self.assertEqual((kept["expected"].value, kept["plain"].value), ({"facts": ["Bern"]}, "Bern"))
        updated = mlflow.update_assessment(trace, good.assessment_id, Feedback(name="good", value=False, rationale="doch nicht", metadata={"l": "w"}))
        self.assertEqual((updated.value, updated.rationale), (False, "doch nicht"))
        self.assertEqual(mlflow.get_assessment(trace, good.assessment_id).metadata, {"k": "v", "l": "w"})
        mlflow.update_assessment(trace, plain.assessment_id, Expectation(name="plain", value=["Bern", "Basel"]))
        self.assertEqual(mlflow.get_assessment(trace, plain.assessment_id).value, ["Bern", "Basel"])
        mlflow.delete_assessment(trace, plain.assessment_id)
        with self.assertRaises(MlflowException) as caught:
            mlflow.get_assessment(trace, plain.assessment_id)
        self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")
        self.assertEqual(self.ids("feedback.good = 'false'"), [trace])
        self.assertEqual(self.ids("feedback.good = 'true'"), [])
        self.assertEqual(self.ids("feedback.score >= 0.5 AND feedback.score < 0.6"), [trace])
        self.assertEqual(self.ids("feedback.nothing IS NULL AND expectation.expected IS NOT NULL"), [trace])

    def test_overriding(self):
        trace = self.make()
        first = mlflow.log_feedback(trace_id=trace, name="right", value="no")
        second = mlflow.override_feedback(trace_id=trace, assessment_id=first.assessment_id, value="yes", rationale="seen again")
        self.assertFalse(mlflow.get_assessment(trace, first.assessment_id).valid)
        self.assertEqual(mlflow.get_assessment(trace, second.assessment_id).overrides, first.assessment_id)
        self.assertEqual(self.ids("feedback.right = 'no'"), [])
        mlflow.delete_assessment(trace, second.assessment_id)
        self.assertTrue(mlflow.get_assessment(trace, first.assessment_id).valid)
        for wrong in ("tr-none", trace):
            with self.assertRaises(MlflowException) as caught:
                mlflow.override_feedback(trace_id=wrong, assessment_id="a-none", value="yes")
            self.assertEqual(caught.exception.error_code, "RESOURCE_DOES_NOT_EXIST")


class OlderProtocol(Traced):
    def call(self, method, path, **body):
        how = {"params": body} if method == "GET" else {"json": body}
        answer = requests.request(method, f"{uri}/api/2.0/mlflow/{path}", **how)
        return answer.status_code, answer.json()

    def test_begin_end_get_and_search(self):
        status, made = self.call("POST", "traces", experiment_id=self.experiment, timestamp_ms=1000, request_metadata=[{"key": "a", "value": "b"}], tags=[{"key": "mlflow.traceName", "value": "old"}])
        self.assertEqual((status, made["trace_info"]["status"]), (200, "IN_PROGRESS"))
        trace = made["trace_info"]["request_id"]
        self.assertRegex(trace, "^[0-9a-f]{32}$")
        status, ended = self.call("PATCH", f"traces/{trace}", timestamp_ms=1500, status="OK", request_metadata=[{"key": "c", "value": "d"}], tags=[{"key": "t", "value": "u"}])
        self.assertEqual((ended["trace_info"]["execution_time_ms"], ended["trace_info"]["status"]), (500, "OK"))
        spans = {"spans": [{
            "name": "old root", "context": {"span_id": "0x00000000000000ab", "trace_id": "0x" + "0" * 30 + "cd"}, "parent_id": None, "start_time": 1700000000000000001,
            "end_time": 1700000000000000002, "status_code": "OK", "status_message": "", "attributes": {"mlflow.traceRequestId": json.dumps(trace), "mlflow.spanType": '"LLM"'}, "events": [],
        }]}
        location = {t["key"]: t["value"] for t in ended["trace_info"]["tags"]}["mlflow.artifactLocation"]
        path = location.replace("mlflow-artifacts:/", f"{uri}/api/2.0/mlflow-artifacts/artifacts/") + "/traces.json"
        self.assertEqual(requests.put(path, data=json.dumps(spans)).status_code, 200)
        self.assertEqual(requests.get(path).json(), spans)
        info = self.call("GET", f"traces/{trace}/info")[1]["trace_info"]
        self.assertEqual({m["key"]: m["value"] for m in info["request_metadata"]}, {"a": "b", "c": "d"})
        found = self.call("GET", "traces", experiment_ids=[self.experiment], filter="span.name = 'old root'", max_results=5)[1]
        self.assertEqual([t["request_id"] for t in found["traces"]], [trace])
        whole = mlflow.get_trace(trace)
        self.assertEqual((whole.data.spans[0].name, whole.data.spans[0].start_time_ns), ("old root", 1700000000000000001))
        self.assertEqual(self.call("GET", "traces/nothing/info")[1]["error_code"], "RESOURCE_DOES_NOT_EXIST")


class Refusals(Traced):
    def test_unknown_traces_experiments_and_assessments(self):
        def refused(code, call):
            with self.assertRaises(MlflowException) as caught:
                call()
            self.assertEqual(caught.exception.error_code, code)

        refused("RESOURCE_DOES_NOT_EXIST", lambda: self.client.set_trace_tag("tr-none", "a", "b"))
        refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.log_feedback(trace_id="tr-none", name="a", value=1))
        refused("INVALID_PARAMETER_VALUE", lambda: self.client.delete_traces(self.experiment))
        refused("RESOURCE_DOES_NOT_EXIST", lambda: self.client.link_traces_to_run(["tr-x"], "0" * 32))
        self.assertEqual(requests.post(f"{uri}/v1/traces", data=b"x", headers={"Content-Type": "application/x-protobuf"}).status_code, 422)
        wrong = {"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": self.experiment}
        self.assertEqual(requests.post(f"{uri}/v1/traces", data=b"\x0a\xff\xff", headers=wrong).status_code, 400)
        self.assertEqual(requests.post(f"{uri}/v1/traces", data=b"", headers={**wrong, "Content-Type": "text/plain"}).status_code, 400)

    def test_other_encodings_of_spans(self):
        import gzip
        trace = uuid.uuid4().hex
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": trace, "spanId": "00000000000000aa", "name": "from json", "startTimeUnixNano": "1700000000123456789", "endTimeUnixNano": "1700000001123456789",
            "attributes": [{"key": "mlflow.spanInputs", "value": {"kvlistValue": {"values": [{"key": "q", "value": {"intValue": "5"}}]}}}, {"key": "session.id", "value": {"stringValue": "s9"}}],
            "status": {"code": 2, "message": "broken"},
        }]}]}]}
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "x-mlflow-experiment-id": self.experiment}
        answer = requests.post(f"{uri}/v1/traces", data=gzip.compress(json.dumps(body).encode()), headers=headers)
        self.assertEqual(answer.status_code, 200, answer.text)
        stored = mlflow.get_trace("tr-" + trace)
        self.assertEqual((stored.info.state.value, stored.info.execution_duration, stored.info.tags["mlflow.traceName"]), ("ERROR", 1000, "from json"))
        self.assertEqual(stored.data.spans[0].inputs, {"q": 5})
        self.assertEqual(stored.info.trace_metadata["mlflow.trace.session"], "s9")


if __name__ == "__main__":
    unittest.main()
