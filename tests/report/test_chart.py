import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from filebridge.report import Bottleneck, Load, Point, chart
from filebridge.report.figures import grouped, short

SVG = "{http://www.w3.org/2000/svg}"


def point(seats, rate, noise=0.02):
    load = Load(1.0, 0.2, (0.1,) * seats, 0.4, 1.5, 0.0, 2.0)
    return Point(seats, rate, noise, None, 0.1, 1.0, 1, load, Bottleneck("cores", "", ""))


def drawn(points, taken, name="Lander"):
    root = ElementTree.fromstring(chart(name, points, taken, 2.0))
    return root, [element.text for element in root.iter(f"{SVG}text")]


def of_class(root, kind):
    return [element for element in root.iter() if kind in element.get("class", "").split()]


def test_all_that_was_measured_is_in_the_picture():
    root, texts = drawn([point(1, 1200), point(2, 2000), point(4, 2400), point(8, 23_415)], 4)
    assert {"1", "2", "4", "8", "seats", "steps/s", "1 200", "2 000", "2 400", "23.4k", "take 4"} <= set(texts)
    assert texts[0] == "Lander: how many simulators are worth it"
    assert root.find(f"{SVG}title").text == "Lander: steps each second of 1 to 8 simulators"
    # One in the legend.
    assert len(of_class(root, "point")) == 4
    (knee,) = of_class(root, "knee")
    label = next(text for text in of_class(root, "advice") if text.text == "take 4")
    assert knee.get("cx") == label.get("x")


def test_twice_as_many_are_equally_far_and_more_is_higher():
    root, _ = drawn([point(2**power, 100 * 2**power) for power in range(4)], 8)
    places = [(float(one.get("cx")), float(one.get("cy"))) for one in root.iter(f"{SVG}circle")][1:]
    steps = {(round(x2 - x1, 0), round(y1 - y2, 0)) for (x1, y1), (x2, y2) in pairwise(places)}
    assert len(steps) == 1
    assert min(steps.pop()) > 0


@pytest.mark.parametrize("points", [
    [point(1, 3.3, None)],
    [point(1, 50_000, 3.0), point(2, 0.2, 0.0)],
    [point(2**power, 10.0**power) for power in range(9)],
    [point(1, 640, 0.0), point(2, 641, 0.0)],
])  # fmt: skip
def test_nothing_leaves_the_picture(points):
    root, _ = drawn(points, points[-1].seats)
    width, height = (float(root.get(name)) for name in ("width", "height"))
    for circle in root.iter(f"{SVG}circle"):
        assert 96 <= float(circle.get("cy")) <= 396 or float(circle.get("cy")) == 75
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.get("x")) < width
        assert 0 < float(text.get("y")) < height
    for path in root.iter(f"{SVG}path"):
        assert all(-50 <= float(number) <= width for number in re.findall(r"-?[\d.]+", path.get("d")))
    ticks = [text.text for text in of_class(root, "quiet") if "end" in text.get("class").split()]
    assert 2 <= len(ticks) <= 15


def test_a_name_is_text_and_no_markup():
    root, texts = drawn([point(1, 100)], 1, "</svg><script>&\x1b")
    assert texts[0] == "</svg><script>& : how many simulators are worth it"
    assert list(root.iter(f"{SVG}script")) == []


@pytest.mark.parametrize(
    ("value", "long", "brief"),
    [
        (0.123, "0.123", "0.123"), (8.17, "8.17", "8.17"), (99.96, "100", "100"), (999.6, "1 000", "1 000"),
        (2054, "2 054", "2 054"), (9999.6, "10 000", "10k"), (23_415, "23 415", "23.4k"), (999_600, "999 600", "1M"),
    ],
)  # fmt: skip
def test_throughputs_in_words(value, long, brief):
    assert (grouped(value), short(value)) == (long, brief)
