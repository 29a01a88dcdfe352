import collections.abc
import datetime
import enum
import pathlib
import sys
import typing
import unittest

from run_support import RunTest

from trainyard.conversion import Misfit, convert, expected, hints_of
from trainyard.inputs import DataItem


class Color(enum.Enum):
    RED = "red"
    BLUE = 2


Width = typing.NewType("Width", int)


class ConversionTest(RunTest):
    def test_values_become_what_the_hint_says(self):
        cases = [
            (5, int, 5), ("5", int, 5), (5.0, int, 5), ("1e3", int, 1000), (5, float, 5.0), ("0.5", float, 0.5), ("inf", float, float("inf")),
            ("true", bool, True), ("No", bool, False), (1, bool, True), (False, bool, False),
            ("x", str, "x"), (5, str, "5"), (True, str, "true"), ("3", complex, 3 + 0j),
            ([1, 2], list, [1, 2]), ("[1, 2]", list, [1, 2]), ("1,2", typing.List[int], [1, 2]), (["1"], typing.List[float], [1.0]),
            ([1, "a"], typing.Tuple[int, str], (1, "a")), ([1, 2], typing.Tuple[int, ...], (1, 2)), ([1, 1], typing.Set[int], {1}),
            ([1], frozenset, frozenset([1])), ('{"a": "1"}', typing.Dict[str, int], {"a": 1}), ({"a": 1}, dict, {"a": 1}),
            ([1], collections.abc.Sequence, [1]), ({"a": 1}, typing.Mapping[str, int], {"a": 1}),
            (None, typing.Optional[int], None), ("null", typing.Optional[int], None), ("7", typing.Optional[int], 7),
            ("7", typing.Union[int, str], 7), ("7x", typing.Union[int, str], "7x"), (0.5, typing.Union[int, float], 0.5),
            ("adam", typing.Literal["adam", "sgd"], "adam"), (2, typing.Literal[1, 2], 2),
            ("red", Color, Color.RED), ("BLUE", Color, Color.BLUE), (2, Color, Color.BLUE),
            ("a/b", pathlib.Path, pathlib.Path("a/b")), ("2026-11-21T12:00:00Z", datetime.datetime, datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.timezone.utc)),
            ("2026-11-21", datetime.date, datetime.date(2026, 11, 21)), (5, Width, 5), ("x", typing.Any, "x"), (5, object, 5),
        ]  # fmt: skip
        for value, hint, wanted in cases:
            with self.subTest(value=value, hint=hint):
                made = convert(value, hint)
                self.assertEqual(made, wanted)
                self.assertIs(type(made), type(wanted))

    def test_text_is_taken_as_it_was_typed(self):
        self.assertEqual(convert(1.1, str, "1.10"), "1.10")
        self.assertEqual(convert(1.1, typing.Optional[str], "1.10"), "1.10")
        self.assertEqual(convert(1, typing.Literal["01"], "01"), "01")
        self.assertEqual(convert(20261121, datetime.date, "2026-11-21"), datetime.date(2026, 11, 21))

    def test_what_does_not_fit_is_refused(self):
        cases = [
            ("abc", int), (1.5, int), (True, int), (None, int), ("x", float), ([1], float), ("maybe", bool), (2, bool), (None, str),
            ("[1", list), (5, list), (["x"], typing.List[int]), ([1], typing.Tuple[int, int]), ("x", dict), ([1], dict),
            ("x", typing.Optional[int]), ("rmsprop", typing.Literal["adam", "sgd"]), ("green", Color), ("soon", datetime.datetime), ([1], pathlib.Path),
        ]  # fmt: skip
        for value, hint in cases:
            with self.subTest(value=value, hint=hint), self.assertRaises(Misfit):
                convert(value, hint)

    def test_a_sentence_can_name_what_is_wanted(self):
        self.assertEqual(expected(int), "a whole number (int)")
        self.assertEqual(expected(typing.Optional[int]), "a whole number (int) or null")
        self.assertEqual(expected(typing.Literal["a", "b"]), 'one of "a", "b"')
        self.assertEqual(expected(Color), 'one of "red", 2')
        self.assertEqual(expected(typing.List[int]), "a list such as [1, 2]")

    def test_data_items_become_what_the_hint_says(self):
        path = self.write("data.json", '{"a": 1}')
        item = DataItem(path)
        self.assertEqual(convert(item, str), path)
        self.assertEqual(convert(item, pathlib.Path), pathlib.Path(path))
        self.assertEqual(convert(item, dict), {"a": 1})
        self.assertEqual(convert(item, bytes), b'{"a": 1}')
        self.assertIs(convert(item, DataItem), item)
        self.assertIsInstance(convert(path, DataItem), DataItem)

    def test_hints_written_as_text_are_resolved_and_unknown_ones_ignored(self):
        space = {}
        exec("def train(a: 'int | None', b: 'list[int]', c: 'NoSuchName', d: 'float'): pass", space)
        hints = hints_of(space["train"])
        self.assertEqual(convert("5", hints["a"]), 5)
        self.assertEqual(hints["d"], float)
        self.assertNotIn("c", hints)
        if sys.version_info >= (3, 10):
            exec("def other(a: int | str): pass", space)
            self.assertEqual(convert("5", hints_of(space["other"])["a"]), 5)


if __name__ == "__main__":
    unittest.main()
