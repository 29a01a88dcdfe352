import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import unittest

from run_support import RunTest, of_kind, read_journals

MODULE = """
    import os, random, sys, time
    print('imported once')

    def it(context, i: int = 0, mode='ok'):
        print('iteration', i)
        print('to stderr', file=sys.stderr)
        context.log_result('accuracy', i)
        if mode == 'sleep':
            print('asleep', flush=True)
            try:
                time.sleep(60)
            finally:
                print('cleaned')
        if mode == 'stubborn':
            while True:
                try:
                    print('asleep', flush=True)
                    time.sleep(60)
                except BaseException:
                    continue
        if mode == 'network':
            try:
                print('asleep', flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                print('training interrupted by user')
        if mode == 'kill': os.kill(os.getpid(), 9)
        if mode == 'raise': raise ValueError('boo')
        if mode == 'exit': sys.exit(4)
        if mode == 'random': context.log_result('random', random.random())
        if mode == 'late':
            import atexit, threading
            atexit.register(print, 'exit handler')
            threading.Thread(target=lambda: (time.sleep(0.1), context.log_result('late', 1))).start()
        if mode == 'descriptors': context.log_result('open', len(os.listdir('/proc/self/fd')))
        if mode == 'forked':
            if os.fork() == 0:
                context.log_result('forked', 1)
                sys.exit(9)
            os.wait()
    """


class Worker:
    """A warm worker and the supervisor's ends of its pipes."""

    def __init__(self, test, module=MODULE, handler="it"):
        self.test = test
        self.script = test.write("warm_training.py", module)
        self.handler = handler
        control, self.control = os.pipe()
        reading, events = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trainyard.warm"],
            pass_fds=[control, events],
            env=test.environment(TRAINYARD_CONTROL_FD=str(control), TRAINYARD_EVENTS_FD=str(events)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        os.close(control)
        os.close(events)
        self.events = os.fdopen(reading)
        self.send({"type": "load", "script": self.script, "handler": handler, "workingDirectory": test.folder})

    def send(self, command):
        os.write(self.control, json.dumps(command).encode() + b"\n")

    def event(self):
        return json.loads(self.events.readline())

    def start(self, **parameters):
        spec = self.test.spec(self.script, self.handler, parameters=parameters)
        self.send({"type": "start", "job": spec})
        return spec

    def run(self, **parameters):
        spec = self.start(**parameters)
        started, exited = self.event(), self.event()
        self.test.assertEqual((started["type"], exited["type"]), ("started", "exited"))
        self.test.assertEqual((started["runId"], exited["runId"]), (spec["run"]["id"],) * 2)
        return exited, output(spec), read_journals(spec["runDirectory"])

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self.control)
        self.process.wait(30)
        self.events.close()
        text = self.process.stdout.read()
        self.process.stdout.close()
        return text


def output(spec):
    with open(os.path.join(spec["runDirectory"], "output")) as file:
        return file.read()


class WarmTest(RunTest):
    @contextlib.contextmanager
    def worker(self, **options):
        worker = Worker(self, **options)
        try:
            yield worker
        finally:
            self.said = worker.close()

    def wait_for(self, condition):
        until = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.005)

    def test_one_import_serves_many_iterations_each_with_output_and_journal_of_its_own(self):
        with self.worker() as worker:
            ready = worker.event()
            self.assertEqual((ready["type"], ready["forkSafe"], ready["pid"]), ("ready", True, worker.process.pid))
            for number in range(5):
                exited, text, entries = worker.run(i=str(number))
                self.assertEqual((exited["code"], exited["signal"]), (0, None))
                self.assertGreater(exited["maxRssBytes"], 1_000_000)
                self.assertEqual(text, "iteration %d\nto stderr\n" % number)
                self.assertEqual(of_kind(entries, "result"), [{"accuracy": number}])
                self.assertEqual(entries[0][2], "start")
                self.assertEqual(entries[-1][3], {"outcome": "completed"})
        self.assertEqual(self.said, "imported once\n")
        self.assertEqual(worker.process.returncode, 0)

    def test_each_way_to_end_is_told(self):
        with self.worker() as worker:
            worker.event()
            exited, text, entries = worker.run(mode="raise")
            self.assertEqual((exited["code"], entries[-1][3]["error"]["type"]), (1, "ValueError"))
            self.assertEqual(text.count("  File "), 1)
            exited, text, entries = worker.run(mode="exit")
            self.assertEqual((exited["code"], entries[-1][3]["outcome"]), (4, "failed"))
            exited, text, entries = worker.run(mode="kill")
            self.assertEqual((exited["code"], exited["signal"]), (None, "SIGKILL"))
            self.assertEqual(of_kind(entries, "result"), [{"accuracy": 0}])
            exited, text, entries = worker.run(i="abc")
            self.assertEqual((exited["code"], entries[-1][3]["error"]["type"]), (2, "invalid_parameter"))
            self.assertIn('parameter "i" must be a whole number (int); got "abc"', entries[-1][3]["error"]["message"])
            exited, text, entries = worker.run(mode="late")
            self.assertIn("exit handler", text)
            self.assertEqual(of_kind(entries, "result")[-1], {"late": 1})
            exited, text, entries = worker.run(mode="forked")
            self.assertEqual((exited["code"], len(of_kind(entries, "end"))), (0, 1))
            self.assertIn({"forked": 1}, of_kind(entries, "result"))

    def test_iterations_run_side_by_side(self):
        with self.worker() as worker:
            worker.event()
            specs = [worker.start(i=number, mode="sleep") for number in range(4)]
            events = [worker.event() for _ in specs]
            self.assertEqual({event["type"] for event in events}, {"started"})
            for spec in specs:
                self.wait_for(lambda spec=spec: os.path.exists(spec["runDirectory"] + "/output") and "asleep" in output(spec))
            for spec in specs:
                worker.send({"type": "stop", "runId": spec["run"]["id"], "graceMs": 30000})
            ended = [worker.event() for _ in specs]
            self.assertEqual({event["runId"] for event in ended}, {spec["run"]["id"] for spec in specs})
            for spec in specs:
                self.assertTrue(output(spec).endswith("cleaned\n"))
                self.assertEqual(read_journals(spec["runDirectory"])[-1][3], {"outcome": "aborted"})

    def test_a_library_that_handles_the_keyboard_does_not_swallow_the_stop(self):
        with self.worker() as worker:
            worker.event()
            spec = worker.start(mode="network")
            worker.event()
            self.wait_for(lambda: os.path.exists(spec["runDirectory"] + "/output") and "asleep" in output(spec))
            worker.send({"type": "stop", "runId": spec["run"]["id"], "graceMs": 30000})
            worker.event()
            self.assertNotIn("interrupted", output(spec))
            self.assertEqual(read_journals(spec["runDirectory"])[-1][3], {"outcome": "aborted"})

    def test_what_does_not_stop_is_killed_after_the_grace(self):
        with self.worker() as worker:
            worker.event()
            spec = worker.start(mode="stubborn")
            worker.event()
            self.wait_for(lambda: os.path.exists(spec["runDirectory"] + "/output") and "asleep" in output(spec))
            worker.send({"type": "stop", "runId": spec["run"]["id"], "graceMs": 100})
            self.assertEqual(worker.event()["signal"], "SIGKILL")

    def test_iterations_have_random_numbers_of_their_own_unless_the_module_seeds_them(self):
        for seeding, count in (("", 3), ("random.seed(42)", 1)):
            with self.worker(module=MODULE + "\n    " + seeding) as worker:
                worker.event()
                drawn = {of_kind(worker.run(mode="random")[2], "result")[-1]["random"] for _ in range(3)}
                self.assertEqual(len(drawn), count, seeding)

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs /proc")
    def test_children_inherit_no_descriptor(self):
        with self.worker() as worker:
            worker.event()
            # 0, 1, 2, the journal, and the listing itself; on systems with process descriptors none of a neighbour's either.
            self.assertEqual(of_kind(worker.run(mode="descriptors")[2], "result")[-1], {"open": 5})

    def test_a_module_that_cannot_be_loaded_is_broken(self):
        for module, kind in (("x = = 1", "syntax_error"), ("raise OSError('no')", "OSError"), ("def other(): pass", "missing_handler"), ("import sys; sys.exit(3)", "SystemExit")):
            with self.worker(module=module) as worker:
                event = worker.event()
                self.assertEqual((event["type"], event["error"]["type"]), ("broken", kind))

    def test_threads_at_import_make_forking_unsafe(self):
        module = MODULE + "\n    import threading; threading.Thread(target=time.sleep, args=(60,), name='poller', daemon=True).start()"
        with self.worker(module=module) as worker:
            event = worker.event()
            self.assertFalse(event["forkSafe"])
            self.assertIn("poller", event["reason"])

    def test_what_runs_when_the_supervisor_dies_finishes(self):
        module = "import time\ndef it(context):\n    time.sleep(0.5)\n    context.log_result('done', 1)\n"
        with self.worker(module=module) as worker:
            worker.event()
            spec = worker.start()
            worker.event()
            os.close(worker.control)
            worker.events.close()
            self.assertEqual(worker.process.wait(30), 0)
            entries = read_journals(spec["runDirectory"])
            self.assertEqual((of_kind(entries, "result"), entries[-1][3]), ([{"done": 1}], {"outcome": "completed"}))

    def test_a_running_process_can_serve_a_handler_of_its_own(self):
        from trainyard.warm import serve

        secret = object()

        def handler(context, x: float):
            context.log_result("same", secret is not None)
            context.log_metric("x", x)

        control, commands = os.pipe()
        reading, events = os.pipe()
        spec = self.spec("", "handler", parameters={"x": "2"})
        os.write(commands, json.dumps({"type": "load", "script": "", "handler": "handler", "workingDirectory": self.folder}).encode() + b"\n")
        os.write(commands, json.dumps({"type": "start", "job": spec}).encode() + b"\n")
        os.close(commands)
        server = threading.Thread(target=serve, args=(control, events), kwargs={"handler": handler})
        server.start()
        server.join(30)
        os.close(control)
        os.close(events)
        with os.fdopen(reading) as file:
            told = [json.loads(line) for line in file]
        self.assertEqual([event["type"] for event in told], ["ready", "started", "exited"])
        self.assertEqual(told[2]["code"], 0, output(spec))
        entries = read_journals(spec["runDirectory"])
        self.assertEqual(of_kind(entries, "metric"), [["x", 0, 2.0]])
        self.assertNotIn("TRAINYARD_RUN", os.environ)


if __name__ == "__main__":
    unittest.main()
