"""How variables are drawn: what is accepted, what is refused, and that a seed decides."""

import math

import numpy as np
import pytest

from filebridge.config.draw import check_draw, compile_draw, draw_kind
from filebridge.config.problems import Problem


def drawn(text, count=300, seed=0):
    generator = np.random.default_rng(seed)
    draw = compile_draw(text)
    return [draw(generator) for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("uniform(2, 4)", float),
        ("loguniform(0.1, 10)", float),
        ("normal(0, 1)", float),
        ("integers(-1, 3)", int),
        ("choice(1, 5)", int),
        ("choice(1, 2.5)", float),
        ("choice('a', 'b')", str),
        (' choice ( "x" ) ', str),
    ],
)
def test_the_kind_and_the_seed(text, kind):
    assert list(check_draw(text, ())) == []
    assert draw_kind(text) is kind
    values = drawn(text)
    assert {type(value) for value in values} <= {kind, int if kind is float else kind}
    assert values == drawn(text)
    if "x" not in text:
        assert values != drawn(text, seed=1)


def test_the_bounds_are_kept_and_reached():
    assert set(drawn("integers(-1, 3)")) == {-1, 0, 1, 2, 3}
    assert set(drawn("choice(1, 5, 25)")) == {1, 5, 25}
    assert set(drawn("choice('a', 'b')")) == {"a", "b"}
    assert all(2 <= value < 4 for value in drawn("uniform(2, 4)"))
    logs = [math.log10(value) for value in drawn("loguniform(0.01, 100)", 2000)]
    assert -2 <= min(logs) < -1.9
    assert 1.9 < max(logs) <= 2
    assert abs(np.mean(logs)) < 0.15
    normal = drawn("normal(10, 2)", 2000)
    assert abs(np.mean(normal) - 10) < 0.2
    assert abs(np.std(normal) - 2) < 0.2


def test_a_single_value_is_possible():
    assert set(drawn("integers(7, 7)")) == {7}
    assert set(drawn("uniform(7, 7)")) == {7.0}
    assert set(drawn("normal(7, 0)")) == {7.0}


USAGES = (
    "one of uniform(low, high), loguniform(low, high), normal(mean, deviation),"
    " integers(first, last), choice(a, b, ...)"
)


@pytest.mark.parametrize(
    ("text", "what", "expected", "near"),
    [
        ("unifrom(1, 2)", "not a way to draw a value", USAGES, "uniform"),
        ("randint(1, 2)", "not a way to draw a value", USAGES, ""),
        ("5", "not a way to draw a value", USAGES, ""),
        ("", "not a way to draw a value", USAGES, ""),
        ("uniform", "not a way to draw a value", "uniform(low, high)", ""),
        ("uniform(1)", "two numbers are due", "uniform(low, high)", ""),
        ("uniform(1, 2, 3)", "two numbers are due", "uniform(low, high)", ""),
        ("uniform('a', 'b')", "two numbers are due", "uniform(low, high)", ""),
        ("uniform(2, 1)", "the first number is above the second", "uniform(low, high)", ""),
        ("uniform(True, 2)", "the arguments are not numbers", "uniform(low, high)", ""),
        ("uniform(x, 2)", "the arguments are not numbers", "uniform(low, high)", ""),
        ("uniform(__import__('os'), 2)", "the arguments are not numbers", "uniform(low, high)", ""),
        ("uniform(-1e308, 1e308)", "a number that is not finite, or too large", "uniform(low, high)", ""),
        ("uniform(1, 1e999)", "a number that is not finite, or too large", "uniform(low, high)", ""),
        ("normal(0, -1)", "a negative deviation", "normal(mean, deviation)", ""),
        ("integers(1, 2.5)", "whole numbers are due", "integers(first, last)", ""),
        ("integers(0, 9223372036854775808)", "whole numbers are due", "integers(first, last)", ""),
        ("loguniform(0, 1)", "a logarithm needs positive numbers", "loguniform(low, high)", ""),
        ("choice()", "a choice is between numbers or between texts", "choice(a, b, ...)", ""),
        ("choice(1, 'a')", "a choice is between numbers or between texts", "choice(a, b, ...)", ""),
        ("choice([1])", "the arguments are not numbers", "choice(a, b, ...)", ""),
    ],
)
def test_what_cannot_be_drawn(text, what, expected, near):
    assert list(check_draw(text, ("a", "draw"))) == [
        Problem(("a", "draw"), what, text or "an empty text", expected, near)
    ]


@pytest.mark.parametrize(
    "text",
    ["uniform(" + "(" * 5000, "uniform(" + "9" * 5000 + ", 1)", "choice(" + "1, " * 5000 + "1)", "uniform(1, 2)]"],
)
def test_hostile_texts(text):
    assert len(list(check_draw(text, ()))) == 1
