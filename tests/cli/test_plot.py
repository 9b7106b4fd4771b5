import io

import pytest
from rich.console import Console

from filebridge.cli.plot import fits, plot
from filebridge.report import Bottleneck, Load, Point


def points(*rates):
    load = Load(1.0, 0.2, (0.1,), 0.4, 1.5, 0.0, 2.0)
    limit = Bottleneck("cores", "", "")
    return [Point(2**place, rate, 0.0, None, 0.1, 1.0, 1, load, limit) for place, rate in enumerate(rates)]


def console(width, encoding="utf-8", terminal=True):
    return Console(file=io.TextIOWrapper(io.BytesIO(), encoding), force_terminal=terminal, width=width)


def test_bars_are_as_high_as_what_was_measured():
    lines = plot(points(100, 175, 200), 4, 40).plain.splitlines()
    *bars, axis, names, legend = lines
    assert len(bars) == 10
    assert bars[0].startswith("200 ┤")
    assert bars[5].startswith("100 ┤")
    assert axis.startswith("  0 └───")
    assert names.split() == ["1", "2", "▲", "4"]
    assert "▲ to take" in legend
    places = [names.index(name) for name in ("1", "2", "4")]
    full = [sum(line[place] == "█" for line in bars) for place in places]
    assert full == [5, 8, 10]
    # 175 of 200 is 8 rows and 6 eighths.
    assert bars[1][places[1]] == "▆"


def test_the_ideal_is_a_line_where_there_is_no_bar():
    lines = plot(points(100, 110, 120), 1, 40).plain.splitlines()
    assert "╌" not in lines[0]
    assert plot(points(100, 110, 400), 1, 40).plain.splitlines()[5].count("╌") > 0


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_than_the_terminal(width):
    rates = points(1e6, 2e6, 3e6)
    assert fits(console(60), rates)
    assert max(map(len, plot(rates, 2, width).plain.splitlines())) <= max(width, 29)


@pytest.mark.parametrize("place", [console(39), console(80, terminal=False), console(80, encoding="latin-1")])
def test_where_there_is_no_room_there_is_no_plot(place):
    assert not fits(place, points(100, 200, 300))


def test_nothing_measured_but_nothing_is_drawn_too():
    assert "0 └" in plot(points(0.0), 1, 40).plain
