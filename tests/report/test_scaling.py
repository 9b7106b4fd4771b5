"""How many seats are tried, and when: the measurements are made up here, but for the last test."""

import pytest

from filebridge import load_program
from filebridge.errors import LimitReached
from filebridge.report import Load, Scaling, scaling
from filebridge.report.throughput import Throughput

CALM = (1.0, 1.001, 0.999, 1.0)
"""Slices that differ by a thousandth."""
WILD = (0.5, 1.5, 0.6, 1.4)


@pytest.fixture
def measured(monkeypatch, crashing):
    """Give ``measured(rates, ...)``: a Scaling that found these throughputs, and what it asked for."""

    def measure(rates, slices=None, most=None, memory=None, fail=None):
        asked = []

        class Made:
            def __init__(self, program, into, seed, seconds, warm):
                self.into = into

            def run(self):
                seats = self.into.seats
                asked.append(seats)
                if fail is not None and seats >= fail:
                    raise LimitReached("no more files", cure="raise it")
                shape = (slices or {}).get(seats, CALM)
                self.into.slices += [(round(1000 * rates(seats) * part), 1000.0) for part in shape]
                self.into.rounds += 1
                self.into.memory = memory
                self.into.load = Load(1.0, 0.5, (0.1,) * seats, 0.1, 0.1, 0.0, 2.0)

        monkeypatch.setattr(scaling, "Round", Made)
        found = Scaling(load_program(crashing()), 0, 1.0, most, None)
        found.run()
        return found, asked

    return measure


def test_it_ends_when_two_doublings_gained_too_little(measured):
    found, asked = measured(lambda seats: min(seats, 4) * 100 + seats)
    assert asked == [1, 2, 4, 8, 16]
    assert found.stopped == "two doublings in a row gained less than 5 %"
    assert [round(point.gain, 2) for point in found.points[1:]] == [1.0, 1.0, 0.01, 0.02]


def test_one_doubling_without_a_gain_is_not_the_end(measured):
    rates = {1: 100, 2: 200, 4: 201, 8: 400, 16: 401, 32: 402}
    found, asked = measured(rates.__getitem__)
    assert asked == [1, 2, 4, 8, 16, 32]
    assert found.stopped.startswith("two doublings")


@pytest.mark.parametrize(
    ("most", "asked", "stopped"),
    [
        (None, [1, 2, 4, 8, 16, 32, 64], "more than 64 are tried with --max-seats only"),
        (12, [1, 2, 4, 8, 12], "so many were asked for at most, with --max-seats"),
        (1, [1], "so many were asked for at most, with --max-seats"),
        (128, [1, 2, 4, 8, 16, 32, 64, 128], "so many were asked for at most, with --max-seats"),
    ],
)
def test_what_grows_on_is_tried_up_to_the_limit(measured, most, asked, stopped):
    found, tried = measured(lambda seats: seats * 100.0, most=most)
    assert tried == asked
    assert found.stopped == stopped


def test_memory_is_a_limit_unless_more_was_asked_for(measured, monkeypatch):
    monkeypatch.setattr(scaling, "free_memory", lambda: 1000e6)
    found, asked = measured(lambda seats: seats * 100.0, memory=100_000_000)
    assert asked == [1, 2, 4, 8]
    assert found.stopped == "memory is free for about 8 seats, of 100 MB each; --max-seats tries more"
    _, asked = measured(lambda seats: seats * 100.0, memory=100_000_000, most=16)
    assert asked == [1, 2, 4, 8, 16]


def test_descriptors_are_a_limit_always(measured, monkeypatch):
    monkeypatch.setattr(scaling, "room", lambda program: 6)
    for most in (None, 100):
        found, asked = measured(lambda seats: seats * 100.0, most=most)
        assert asked == [1, 2, 4, 6]
        assert found.stopped == "this process has descriptors for 6 seats; ulimit -n raises that"


def test_what_cannot_be_had_is_the_end_and_no_failure(measured):
    found, asked = measured(lambda seats: seats * 100.0, fail=4)
    assert asked == [1, 2, 4]
    assert [point.seats for point in found.points] == [1, 2]
    assert found.stopped == "4 seats cannot be had: no more files; raise it"
    with pytest.raises(LimitReached):
        measured(lambda seats: seats, fail=1)


def test_what_is_noisy_is_measured_again_the_noisier_first(measured):
    found, asked = measured(lambda seats: 100 + seats, slices={2: WILD}, most=2)
    # Twice more the noisy one, then the other, whose rounds are left.
    assert asked == [1, 2, 2, 2, 1, 1]
    assert [point.rounds for point in found.points] == [3, 3]
    assert found.points[1].elapsed == 12_000


def test_noise_does_no_harm_where_the_difference_is_larger(measured):
    _, asked = measured(lambda seats: 100 * 4**seats, slices={2: WILD}, most=2)
    assert asked == [1, 2]


def test_too_few_slices_say_nothing_about_noise(measured):
    found, asked = measured(lambda seats: 100.0 * seats, slices={2: (1.0,)}, most=2)
    # Three rounds of a slice each are not enough, and the one that is calm is measured too.
    assert asked == [1, 2, 2, 2, 1, 1]
    assert found.points[1].noise is None


def test_the_noise_of_a_throughput():
    calm, wild = (Throughput(1, [(round(100 * part), 1.0) for part in shape]) for shape in ((1, 1, 1, 1), WILD))
    assert (calm.rate, calm.noise) == (100.0, 0.0)
    assert wild.rate == 100.0
    # 2 * sqrt(variance / 4): deviations 50, 50, 40, 40.
    assert wild.noise == pytest.approx(2 * ((2 * 2500 + 2 * 1600) / 3 / 4) ** 0.5 / 100)


def test_simulators_that_sleep_scale(crashing):
    code = "import time\nprint('x 1', flush=True)\nwhile input():\n    time.sleep(0.05)\n    print('x 2', flush=True)"
    program = load_program(crashing(simulator={"command": ["${python}", "-c", code], "seed": "none"}, max_steps=10_000))
    found = Scaling(program, 0, 0.4, 4, None)
    found.run()
    one, two, four = found.points
    assert (one.seats, two.seats, four.seats) == (1, 2, 4)
    assert four.steps_per_second > 2 * one.steps_per_second
    assert one.gain is None
    assert two.gain == pytest.approx(two.steps_per_second / one.steps_per_second - 1)
    for point in found.points:
        assert point.start > 0
        assert point.elapsed >= 0.4
        assert len(point.load.idle) == point.seats
