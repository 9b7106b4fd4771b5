from __future__ import annotations

import ast
import copy
import math
import pickle

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filebridge.errors import ExpressionError
from filebridge.wire.expression import Expression, ExpressionProblem, Kind, Slot, failure, parse, together, want

NAMES = {
    "altitude": Slot(0, Kind.NUMBER),
    "step": Slot(1, Kind.INTEGER),
    "landed": Slot(2, Kind.FLAG),
    "verb": Slot(3, Kind.TEXT),
    "tunnels": Slot(4, Kind.VECTOR, 3),
    "board": Slot(5, Kind.GRID),
    "action": Slot(6, Kind.VECTOR, 2),
    "action.verb": Slot(3, Kind.TEXT),
    "action.exit": Slot(1, Kind.INTEGER),
    "impact": Slot(7, Kind.NUMBER),
    "hits": Slot(4, Kind.VECTOR),
}
BOARD = numpy.array([[0, 1, 1], [200, 255, 1]], dtype=numpy.uint8)
ROW: list[object] = [10.5, 2, True, "move", [4, 7, 9], BOARD, [0.5, -0.5], -3.0]
PREVIOUS: list[object] = [12.0, 1, False, "shoot", [1, 2, 3], BOARD, [0.0, 0.0], 0.0]


def value(text: str) -> object:
    return parse(text, NAMES).evaluate(ROW, PREVIOUS)


def problem(text: str, names: dict[str, Slot] = NAMES) -> ExpressionProblem:
    with pytest.raises(ExpressionProblem) as caught:
        parse(text, names)
    return caught.value


def failed(text: str, row: list[object] = ROW) -> ExpressionError:
    expression = parse(text, NAMES)
    with pytest.raises((ArithmeticError, ValueError, IndexError, TypeError)) as caught:
        expression.evaluate(row, PREVIOUS)
    return failure(expression, row, PREVIOUS, caught.value, "reward")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-abs(impact) if landed else 0", -3.0),
        ("altitude - prev.altitude", -1.5),
        ("prev.action.verb == 'shoot' and action.verb != 'shoot'", True),
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("7 // 2 + 7 % 4 + -7 // 2", 2),
        ("2 ** 10", 1024),
        ("step ** 3", 8),
        ("altitude ** 2", 110.25),
        ("not landed or step > 1", True),
        ("0 < step <= 2 < altitude", True),
        ("verb in ('move', 'shoot')", True),
        ("verb not in ['shoot']", True),
        ("'ov' in verb", True),
        ("step in (1, 2, 3)", True),
        ("7 in tunnels", True),
        ("tunnels[0] + tunnels[-1]", 13),
        ("tunnels[action.exit]", 9),
        ("action[1]", -0.5),
        ("board[1][1] + board[1][0]", 455),
        ("board[step - 1][0]", 200),
        ("count(board, 1)", 3),
        ("count(tunnels, 7)", 1),
        ("sum(tunnels) + len(tunnels) + mean([1, 2, step + 1])", 25.0),
        ("min(tunnels) + max(step, 5, 1)", 9),
        ("clip(altitude, -1, 1) + clip(impact, -1, 1) + clip(0.5, 0, 1)", 0.5),
        ("sign(impact) + sign(altitude) + sign(0)", 0),
        ("round(2.567, 1) + round(2.4) + floor(1.9) + ceil(1.1)", 7.6),
        ("hypot(3, 4) + sqrt(16) + log10(100) + exp(0) + log(8, 2)", 15.0),
        ("sin(0) + cos(0) + tan(0) + asin(0) + acos(1) + atan(0) + atan2(0, 1)", 1.0),
        ("int(altitude) + float(step) + bool(step)", 13.0),
        ("isnan(inf - inf)", True),
        ("pi + e", math.pi + math.e),
        ("landed + landed", 2),
        (" 1\n + 2\t", 3),
        ("'a\\'b' == 'a\\'b'", True),
        ("'\u00e9' == verb", False),
        ("0x1f", 31),
        ("landed and altitude", 10.5),
        ("'up' if landed else 'down'", "up"),
    ],
)
def test_value(text: str, expected: object) -> None:
    assert value(text) == pytest.approx(expected) if isinstance(expected, float) else value(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("step + landed", Kind.INTEGER),
        ("step / 1", Kind.NUMBER),
        ("step // 2", Kind.INTEGER),
        ("altitude // 2", Kind.NUMBER),
        ("not step", Kind.FLAG),
        ("landed and step > 1", Kind.FLAG),
        ("landed or step", Kind.INTEGER),
        ("1 if landed else 0.5", Kind.NUMBER),
        ("verb", Kind.TEXT),
        ("board[0][0]", Kind.INTEGER),
        ("round(altitude)", Kind.INTEGER),
        ("round(altitude, 2)", Kind.NUMBER),
        ("min(step, 3)", Kind.INTEGER),
        ("-landed", Kind.INTEGER),
    ],
)
def test_kind(text: str, kind: Kind) -> None:
    assert parse(text, NAMES).kind is kind


def test_vector_keeps_its_length() -> None:
    expression = parse("tunnels if landed else prev.tunnels", NAMES)
    assert (expression.kind, expression.length) == (Kind.VECTOR, 3)
    assert expression.evaluate(ROW, PREVIOUS) == [4, 7, 9]


def test_names_used() -> None:
    expression = parse("altitude - prev.altitude + prev.action.exit + tunnels[step]", NAMES)
    assert expression.uses == {"altitude", "tunnels", "step"}
    assert expression.uses_previous == {"altitude", "action.exit"}


def test_known_name_comes_before_a_constant_and_beside_a_function() -> None:
    names = {"e": Slot(0, Kind.NUMBER), "count": Slot(1, Kind.NUMBER), "row": Slot(1, Kind.NUMBER)}
    assert parse("e + count + row + abs(-1)", names).evaluate([1.0, 2.0], []) == 6.0


def test_together_gives_all_in_order() -> None:
    both = together([parse(text, NAMES) for text in ("altitude", "landed", "verb", "prev.step", "2 + 2")])
    assert both(ROW, PREVIOUS) == (10.5, True, "move", 1, 4)
    assert together([])(ROW, PREVIOUS) == ()


def test_expression_survives_copying() -> None:
    expression = parse("altitude - prev.altitude", NAMES)
    for other in (pickle.loads(pickle.dumps(expression)), copy.deepcopy(expression)):
        assert isinstance(other, Expression)
        assert other.evaluate(ROW, PREVIOUS) == -1.5


def test_row_of_a_grid_does_not_wrap_and_is_a_python_number() -> None:
    assert type(value("board[1][1]")) is int
    assert type(value("count(board, 1)")) is int


@pytest.mark.parametrize(
    ("text", "what", "found", "expected", "near", "offset"),
    [
        ("altitud > 0", "unknown name `altitud`", "altitud", None, "altitude", 0),
        ("1 + prev.stp", "unknown name `prev.stp`", "prev.stp", None, "prev.step", 4),
        ("action.verbs", "`action` has no part `verbs`", "action.verbs",
         "one of action.exit, action.verb", "action.verb", 0),
        ("1 + tunnels", "`tunnels` holds 3 numbers", "tunnels", "one of them, tunnels[0] ... tunnels[2]", "", 4),
        ("tunnels[3]", "`tunnels[3]` does not exist: `tunnels` holds 3 numbers", "tunnels[3]",
         "tunnels[0] ... tunnels[2]", "", 0),
        ("tunnels[-4]", "`tunnels[-4]` does not exist: `tunnels` holds 3 numbers", "tunnels[-4]",
         "tunnels[0] ... tunnels[2]", "", 0),
        ("tunnels[altitude]", "an index is a whole number, `altitude` is a number", "altitude", "int(altitude)", "", 8),
        ("landed && step", "`&&` is not known", "&&", "and", "", 7),
        ("landed || step", "`||` is not known", "||", "or", "", 7),
        ("!landed", "`!` is not known", "!", "not", "", 0),
        ("step ^ 2", "`^` is not known", "^", "**", "", 5),
        ("step = 2", "`=` is not known", "=", "==", "", 5),
        ("step === 2", "`===` is not known", "===", "==", "", 5),
        ("step << 2", "`<<` is not known", "<<", "* 2 ** n", "", 5),
        ("landed ? 1 : 0", "`?` is not known", "?", "a if test else b", "", 7),
        ("landed == true", "unknown name `true`", "true", "True", "", 10),
        ("null", "unknown name `null`", "null", "a value; none is empty", "", 0),
        ("landed AND step", "unknown word `AND`", "AND", "and", "", 7),
        ("abs", "`abs` is a function", "abs", "abs(x)", "", 0),
        ("clip(step, 1)", "`clip` does not take 2 values", "clip(step, 1)", "clip(x, low, high)", "", 0),
        ("math.sqrt(2)", "unknown function `math.sqrt`", "math.sqrt", None, "sqrt", 0),
        ("sum(step)", "`sum` wants a vector, `step` is a whole number", "step", "sum(vector)", "", 4),
        ("verb + 'x'", "`verb` is text, a number is due", "verb", 'a number, or a comparison: verb == "..."', "", 0),
        ("verb == 1", "text and a whole number are never equal", "verb == 1",
         "the same kind of value on both sides", "", 0),
        ("board + 1", "`board` is a grid, a number is due", "board", "one of its cells, board[row][column]", "", 0),
        ("board[0]", "`board` is a grid and has two indices", "board[0]", "board[row][column]", "", 0),
        ("1 if landed", "this cannot be read as an expression", "1", "a if test else b", "", 0),
        ("(step", "`(` is never closed", "(", "`)`", "", 0),
        ("step]", "`]` closes nothing", "]", "`[` before it", "", 4),
        ("verb == 'a", "the text has no closing quote", "'a", "' at its end", "", 8),
        ("verb in ('a' 'b')", "two texts in a row", "'b'", "a comma between them", "", 13),
        ("step / 0", "`step / 0` always divides by zero", "step / 0", "another divisor", "", 0),
        ("'\u00e9' == verb + 1", "`verb` is text, a number is due", "verb", None, "", 7),
        ("  \n altitud", "unknown name `altitud`", "altitud", None, "altitude", 4),
        ("", "the expression is empty", "", "a value, such as 0", "", 0),
        ("1 if landed else 'a'", "`if` gives a whole number, `else` gives text", "1 if landed else 'a'",
         "the same kind of value on both sides", "", 0),
    ],
)  # fmt: skip
def test_problem(text: str, what: str, found: str, expected: str | None, near: str, offset: int) -> None:
    raised = problem(text)
    assert (raised.what, raised.found, raised.near) == (what, found, near)
    assert expected is None or raised.expected == expected
    assert (raised.offset, raised.length) == (offset, len(found))
    assert text[raised.offset : raised.offset + raised.length] == found


def test_problem_as_text() -> None:
    raised = problem("altitud", {"altitude": Slot(0, Kind.NUMBER)})
    assert str(raised) == "unknown name `altitud`\n  found: altitud\n  expected: one of altitude\n  near: altitude"
    assert str(pickle.loads(pickle.dumps(raised))) == str(raised)


HOSTILE = [
    "__import__('os').system('id')", "__import__('os')", "().__class__", "().__class__.__bases__[0]",
    "step.__class__", "step.real", "''.join(('a', 'b'))", "'{0.__class__}'.format(step)", "lambda: 1",
    "(lambda: 1)()", "f'{step}'", "rf'{step}'", "b'a'", "9 ** 9 ** 9", "'a' * 10 ** 9", "tunnels * 10 ** 9",
    "[1] * 10 ** 9", "1 << 10 ** 9", "(" * 500 + "1" + ")" * 500, "[" * 90 + "]" * 90, "-" * 1999 + "1",
    "not " * 400 + "1", "1" + "+1" * 900, "abs(" * 70 + "1" + ")" * 70, "a" * 2001, "\x00", "step\x00", "'\x00'",
    "'\x1b[2J'", "\u00e9t\u00e9", "\uff41bs(1)", "\u2148", "step\u00a0+ 1", "'\ud800'", "[x for x in tunnels]",
    "(x for x in tunnels)", "{1}", "{1: 2}", "{x for x in tunnels}", "(step := 1)", "max(*tunnels)", "max(**tunnels)",
    "round(1, ndigits=2)", "tunnels[:]", "tunnels[0:1]", "board[0, 1]", "eval('1')", "exec('1')",
    "getattr(step, 'real')", "globals()", "open('x')", "print(1)", "abs.__self__", "row[0]", "previous[0]", "prev[0]",
    "__builtins__", "None", "...", "1j", "1e999", "1234567890123456789", "await step", "yield", "(yield)",
    "(yield from tunnels)", "import os", "step; step", "step, step", "pass", "del step", "step is 1", "~step",
    "step @ step", "step & 1", "'%s' % step", "'\\d' == verb", "verb[0]", "tunnels < tunnels", "tunnels == tunnels",
    "len(verb)", "abs(verb)", "max(verb)", "int('5')", "min([])", "max([1, 'a'])", "sum(sum)", "abs(abs)",
    "1if landed else 0", "0777", "prev", "prev.prev.step", "step.prev", "power(2, 3)", "at(tunnels, 0)",
    "cell(board, 0, 0)", "# step", "step # 1", "step \\\n + 1", "a.b.c.d", "[].append(1)", "1 in 2 in 3",
    "step in board", "log(0)", "sqrt(-1)", "1 / 0", "(-8) ** 0.5",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused(text: str) -> None:
    raised = problem(text)
    assert raised.what
    assert raised.expected
    assert raised.found.isprintable()
    assert 0 <= raised.offset <= raised.offset + raised.length <= len(text)


def test_limits_on_size_and_depth() -> None:
    assert problem("1+" * 1000 + "1").what == "the expression has 2001 characters, at most 2000 are read"
    assert problem("1" + "+1" * 60).what == "the expression is nested more than 60 deep"
    assert parse("1" + "+1" * 59, NAMES).evaluate(ROW, PREVIOUS) == 60


def test_compiled_code_names_only_functions() -> None:
    code = parse("clip(tunnels[step] ** 4, prev.impact, hypot(altitude, 1))", NAMES).evaluate.__code__
    assert set(code.co_names) == {"clip", "power", "at", "hypot"}
    assert parse("altitude - prev.altitude", NAMES).evaluate.__code__.co_names == ()


def test_compiled_functions_have_no_builtins() -> None:
    assert parse("abs(step)", NAMES).evaluate.__globals__["__builtins__"] == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step ** 62", 2**62),
        ("step ** 63", 2**63),
        ("step ** 64", 2.0**64),
        ("step ** 1023", 2.0**1023),
        ("-step ** 3", -8),
        ("(-step) ** 3", -8),
        ("step ** -1", 0.5),
        ("(step - 1) ** 100000", 1.0),
        ("altitude ** 0", 1.0),
        ("altitude ** -2000", 0.0),
    ],
)
def test_power_is_bounded(text: str, expected: float) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


def test_failure_shows_where_and_with_what() -> None:
    raised = failed("1 + altitude / (step - 2) if landed else 0")
    assert str(raised) == (
        "reward: division by zero\n"
        "  found: 1 + altitude / (step - 2) if landed else 0\n"
        "             ^^^^^^^^^^^^^^^^^^^^^\n"
        "         with altitude = 10.5, landed = True, step = 2\n"
        "  cure: write altitude / (step - 2) if step - 2 != 0 else 0"
    )
    assert str(pickle.loads(pickle.dumps(raised))) == str(raised)


@pytest.mark.parametrize(
    ("text", "what", "part", "cure"),
    [
        ("step + log(impact)", "log of -3.0", "log(impact)", "write log(max(impact, 1e-9))"),
        ("sqrt(impact)", "sqrt of -3.0", "sqrt(impact)", "write sqrt(max(impact, 0))"),
        ("acos(altitude)", "acos of 10.5", "acos(altitude)", "write acos(clip(altitude, -1, 1))"),
        ("exp(altitude * 100)", "exp of 1050.0", "exp(altitude * 100)", "write exp(min(altitude * 100, 700))"),
        ("int(impact * inf)", "int of -inf", "int(impact * inf)",
         "write int(impact * inf) if abs(impact * inf) < inf else 0"),
        ("tunnels[step + 1]", "`tunnels` has no member 3", "tunnels[step + 1]",
         "keep the index within 0 ... 2, as clip() does"),
        ("tunnels[step - 3]", "`tunnels` has no member -1", "tunnels[step - 3]",
         "keep the index within 0 ... 2, as clip() does"),
        ("1 + board[step][0]", "`board` has no member 2, 0", "board[step][0]",
         "keep the index within 0 ... 1 and 0 ... 2, as clip() does"),
        ("impact ** 0.5", "a fractional power of a negative number", "impact ** 0.5",
         "write impact ** 0.5 if impact > 0 else 0"),
        ("(step - 2) ** -1", "a negative power of zero", "(step - 2) ** -1",
         "write (step - 2) ** -1 if step - 2 != 0 else 0"),
        ("altitude ** 1000", "the result is too large for a number", "altitude ** 1000",
         "bound what goes in with clip(x, low, high)"),
        ("step // (impact + 3)", "division by zero", "step // (impact + 3)",
         "write step // (impact + 3) if impact + 3 != 0 else 0"),
        ("(1 / (step - 1) or 1) and 0 < 2 % (step - 2)", "division by zero", "2 % (step - 2)",
         "write 2 % (step - 2) if step - 2 != 0 else 0"),
        ("1 / (step - 2) if not landed else 1 % (step - 2)", "division by zero", "1 % (step - 2)",
         "write 1 % (step - 2) if step - 2 != 0 else 0"),
        ("1 if 5 < step < 1 / (step - 2) else 1 // (step - 2)", "division by zero", "1 // (step - 2)",
         "write 1 // (step - 2) if step - 2 != 0 else 0"),
    ],
)  # fmt: skip
def test_failure(text: str, what: str, part: str, cure: str) -> None:
    raised = failed(text)
    assert (raised.what, raised.cure) == (f"reward: {what}", cure)
    shown, carets, _ = raised.found.split("\n")
    start = carets.index("^") - len("  found: ")
    assert shown[start : start + carets.count("^")] == part


def test_failure_escapes_the_text_of_a_simulator() -> None:
    row = [*ROW[:3], "\x1b[2J" + "x" * 100, *ROW[4:]]
    raised = failed("1 / (step - 2) if verb != 'a' else 0", row)
    assert raised.found.splitlines()[-1].strip() == "with step = 2, verb = \\x1b[2J" + "x" * 50 + "..."


def test_failure_of_a_long_expression_shows_the_part_that_failed() -> None:
    raised = failed("step" + " + step" * 40 + " + 1 / (step - 2)" + " + step" * 10)
    shown, carets, _ = raised.found.split("\n")
    start = carets.index("^") - len("  found: ")
    assert len(shown) == 100
    assert shown[start : start + carets.count("^")] == "1 / (step - 2)"


def test_failure_over_a_missing_value() -> None:
    raised = failed("altitude + 1", [None, *ROW[1:]])
    assert raised.what.startswith("reward: TypeError: unsupported operand")
    assert raised.cure == "see that each value is there and of its kind"


def test_failure_over_empty_vectors() -> None:
    row = [*ROW[:4], [], *ROW[5:]]
    assert failed("mean(hits)", row).what == "reward: mean of an empty vector"
    assert failed("max(hits)", row).cure == "write max(hits) if len(hits) > 0 else 0"


def test_want() -> None:
    for text in ("landed", "step", "altitude"):
        assert want(parse(text, NAMES), Kind.NUMBER).text == text
    assert want(parse("verb", NAMES), Kind.TEXT, Kind.NUMBER).kind is Kind.TEXT
    assert want(parse("landed", NAMES), Kind.INTEGER).kind is Kind.FLAG


@pytest.mark.parametrize(
    ("text", "kinds", "what", "expected"),
    [
        ("tunnels", [Kind.NUMBER], "`tunnels` holds 3 numbers", "one of them, tunnels[0] ... tunnels[2]"),
        ("verb", [Kind.NUMBER], "`verb` is text, a number is due", 'a number, or a comparison: verb == "..."'),
        ("altitude", [Kind.FLAG], "`altitude` is a number, a flag is due", "a comparison, such as altitude > 0"),
        ("altitude", [Kind.INTEGER], "`altitude` is a number, a whole number is due", "a whole number"),
        (" step", [Kind.TEXT, Kind.GRID], "`step` is a whole number, text or a grid is due", "text or a grid"),
    ],
)
def test_want_refuses(text: str, kinds: list[Kind], what: str, expected: str) -> None:
    with pytest.raises(ExpressionProblem) as caught:
        want(parse(text, NAMES), *kinds)
    assert (caught.value.what, caught.value.expected) == (what, expected)
    assert (caught.value.offset, caught.value.length) == (len(text) - len(text.strip()), len(text.strip()))


PLACES = {"altitude": 10.5, "step": 2, "landed": True, "impact": -3.0}
numbers = st.one_of(
    st.sampled_from(sorted(PLACES)),
    st.integers(0, 20).map(str),
    st.floats(0, 100, allow_nan=False).map(lambda number: f"{number:.3f}"),
)


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "//", "%"]), parts).map(lambda p: f"({' '.join(p)})"),
        st.tuples(parts, st.sampled_from(["+", "-", "*"]), parts).map(" ".join),
        st.tuples(parts, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), parts).map(lambda p: f"({' '.join(p)})"),
        st.tuples(parts, st.sampled_from(["and", "or"]), parts).map(lambda p: f"({' '.join(p)})"),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(st.sampled_from(["-", "+", "not "]), parts).map(lambda p: f"({p[0]}{p[1]})"),
        st.tuples(st.sampled_from(["abs", "bool", "float"]), parts).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["min", "max"]), parts, parts).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
    )


@settings(deadline=None, max_examples=300)
@given(st.recursive(numbers, _grown, max_leaves=12))
def test_arithmetic_is_that_of_python(text: str) -> None:
    try:
        expected = eval(text, dict(PLACES))
    except (ArithmeticError, ValueError) as exc:
        with pytest.raises((ExpressionProblem, type(exc))) as caught:
            value(text)
        if not isinstance(caught.value, ExpressionProblem):
            assert failed(text).cure
        return
    try:
        result = value(text)
    except ExpressionProblem as exc:
        # A part that can never work is refused even where a condition would skip it.
        assert "always" in exc.what  # noqa: PT017
        return
    assert (type(result), repr(result)) == (type(expected), repr(expected))


FRAGMENTS = ["prev.step", "abs", "clip", "__class__", "lambda", "for", "not", "'a'", "1", "9.5", "0x", "1e9", "\u00e9"]
words = st.sampled_from([*NAMES, *FRAGMENTS])
signs = st.sampled_from([*"()[]{}.,:+-*/%=<>!&|^~@#$?\\'\"` \n", "**", "//", "==", ":=", " in ", " if ", " else "])


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.text(max_size=60), st.lists(st.one_of(words, signs), max_size=14).map("".join)))
def test_random_text_is_read_or_refused(text: str) -> None:
    try:
        expression = parse(text, NAMES)
    except ExpressionProblem as raised:
        assert 0 <= raised.offset <= raised.offset + raised.length <= len(text)  # noqa: PT017
        assert raised.found.isprintable()  # noqa: PT017
        return
    assert not any(isinstance(node, ast.Attribute) for node in ast.walk(expression.tree))
    try:
        expression.evaluate(ROW, PREVIOUS)
    except (ArithmeticError, ValueError, IndexError) as exc:
        assert failure(expression, ROW, PREVIOUS, exc, "reward").cure  # noqa: PT017


def test_a_value_that_is_not_there_yet_cannot_be_compared():
    row = [None] * len(ROW)
    what = "reward: TypeError: '>' not supported between instances of 'NoneType' and 'int'"
    assert failed("altitude > 2", row).what == what
    assert failed("0 < altitude < 2", row).what.startswith("reward: TypeError")
