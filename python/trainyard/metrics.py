"""The context's metric calls: points of series, at microseconds each."""

from time import time_ns as _now

from .names import refuse_keywords
from .values import number_of, short, wire_number

#: Of steps that are given, either way from 0: what is counted on from it stays within the whole numbers that the reader takes (2**53 - 1).
_largestStep = 2**52


class MetricCalls:
    """What `Context` logs metrics with. It has `_journal`, `_series`, `problem` and `_is_over`."""

    def log_metric(self, key, value, step=None, timestamp=None, **unknown):
        """One point of the series `key`. `step` counts up from 0 by itself; `timestamp` is seconds since 1970, a datetime, or now."""
        if type(value) is float and timestamp is None and not unknown and value - value == 0.0:
            try:
                series = self._series[key]
            except (KeyError, TypeError):
                return self._log_point(key, value, step, None)
            if step is None:
                step = series[1]
            elif type(step) is not int or not -_largestStep <= step <= _largestStep:
                return self._log_point(key, value, step, None)
            series[1] = step + 1
            series[2] = value
            # Journal.metric, written out: a call made a million times is a third faster without another one in it.
            journal = self._journal
            lock = journal._lock
            if lock._is_owned():
                return journal.metric(series[0], step, value)
            try:
                with lock:  # and not by hand: an exception out of a second signal handler, right behind the first one's, would keep it
                    line = b"[%d,%d%b%d,%a]\n" % (journal._next(), _now() // 1000000, series[0], step, value)
                    try:
                        journal._put(line)
                    except (ValueError, OSError):
                        journal._make_room(line)
                    if journal._deferred:
                        journal._drain()
            except BaseException:  # up to Python 3.10 a signal handler may raise where `with` has not given the lock back yet
                if lock._is_owned():
                    lock.release()
                raise
            return None
        if unknown:
            refuse_keywords("log_metric", unknown, ("key", "value", "step", "timestamp"))
        return self._log_point(key, value, step, timestamp)

    def _log_point(self, key, value, step, timestamp):
        number = number_of(value)
        if number is None:
            return self.problem(("metric", hashable(key)), "metric %s must be a number; got %s." % (short(key), described(value)))
        if self._is_over():
            return None
        series = self._series_of(key)
        moment = self._time_ms(key, timestamp)
        step = self._step(key, series, step)
        series[1] = step + 1
        series[2] = number
        if moment is None and number - number == 0:
            return self._journal.metric(series[0], step, number)
        return self._journal.append("metric", series[3], step, wire_number(number), time_ms=moment)

    def _series_of(self, key):
        """`[head of a line, next step, last value, key as text]` of a series."""
        try:
            series = self._series.get(key)
        except TypeError:
            key = str(key)
            series = self._series.get(key)
        if series is None:
            import json

            text = str(key).encode("utf-8", "replace").decode("utf-8")
            series = [b',"metric",%b,' % json.dumps(text).encode("ascii"), 0, None, text]
            self._series[key] = series
        return series

    def _step(self, key, series, step):
        if step is None:
            return series[1]
        if type(step) is int and -_largestStep <= step <= _largestStep:
            return step
        number = number_of(step)
        if number is not None and number - number == 0 and -_largestStep <= number <= _largestStep:
            return int(number)
        self.problem(("step", key), "the step of metric %s must be a whole number within 2**52 of 0; got %s. The next one is taken." % (short(key), short(step)))
        return series[1]

    def _time_ms(self, key, timestamp):
        if timestamp is None:
            return None
        moment = timestamp.timestamp() if hasattr(timestamp, "timestamp") and callable(timestamp.timestamp) else number_of(timestamp)
        if moment is not None and 0 <= moment < 1e16:
            # Seconds reach 1e11 in the year 5138 and milliseconds passed it in 1973, so both units can be told apart.
            return int(moment if moment >= 1e11 else moment * 1000)
        self.problem(
            ("time", key), "the timestamp of metric %s must be seconds since 1970 or a datetime; got %s. Now is taken." % (short(key), short(timestamp))
        )
        return None

    def log_metrics(self, values, step=None, timestamp=None, **unknown):
        """A dict of metrics at one step."""
        if unknown:
            refuse_keywords("log_metrics", unknown, ("values", "step", "timestamp"))
        try:
            items = list(dict(values).items())
        except (TypeError, ValueError):
            return self.problem(("metrics",), "log_metrics takes a dict of numbers; got %s." % described(values))
        if self._is_over():
            return None
        by_step = {}
        moment = self._time_ms("", timestamp)
        for key, value in items:
            number = number_of(value)
            if number is None:
                self.problem(("metric", hashable(key)), "metric %s must be a number; got %s." % (short(key), described(value)))
                continue
            series = self._series_of(key)
            at = self._step(key, series, step)
            series[1] = at + 1
            series[2] = number
            by_step.setdefault(at, {})[series[3]] = wire_number(number)
        for at, numbers in by_step.items():
            self._journal.append("metrics", at, numbers, time_ms=moment)
        return None


def hashable(key):
    try:
        hash(key)
    except TypeError:
        return short(key)
    return key


def described(value):
    return "%s (%s)" % (short(value), type(value).__name__) if value is not None else "None"
