import pytest

from filebridge.report import Bottleneck, Load, Point, advice


def point(seats, rate, what="cores", others=0.0, noise=0.01):
    load = Load(1.0, 0.2, (0.1,) * seats, 0.4, 1.5, others, 2.0)
    return Point(seats, rate, noise, None, 0.1, 1.0, 1, load, Bottleneck(what, "all are busy", "do something"))


def test_the_fewest_seats_that_nothing_exceeds_by_a_gain_that_counts():
    found = advice([point(1, 100), point(2, 190), point(4, 230), point(8, 235), point(16, 232)], "two doublings")
    assert found.seats == 4
    assert found.why == (
        "Take 4 seats: 230 steps/s, 2.3 times those of one. 8 and 16 seats gain 2 % at most, less than 5 %, since what"
        " limits them are the cores: all are busy."
    )
    assert found.caution == ""


def test_what_still_grows_at_the_end_says_why_it_ended():
    found = advice([point(1, 100), point(2, 190)], "so many were asked for at most, with --max-seats")
    assert found.seats == 2
    assert found.why.endswith("No more were tried: so many were asked for at most, with --max-seats.")


@pytest.mark.parametrize(
    ("rates", "what", "said"),
    [
        ([100.0, 90.0], "this process", "Take 1 seat: 100 steps/s. 2 seats are no faster, since what limits them is"),
        ([100.0, 100.1], "simulators", "2 seats gain nothing, since what limits them are the simulators: all are"),
        ([2.5, 2.4, 2.3], "other programs", "Take 1 seat: 2.5 steps/s. 2 and 4 seats are no faster, since what limits"),
    ],
)
def test_one_seat_may_be_enough(rates, what, said):
    found = advice([point(2**place, rate, what) for place, rate in enumerate(rates)], "")
    assert found.seats == 1
    assert said in found.why


def test_what_speaks_against_the_figures_is_said():
    noisy = advice([point(1, 100), point(2, 101, noise=0.2)], "")
    assert noisy.caution == "The figures may be wrong by up to 20 % for noise: a longer --seconds gives better ones."
    unknown = advice([point(1, 100, noise=None)], "")
    assert unknown.caution == "The figures may be wrong for noise: a longer --seconds gives better ones."
    disturbed = advice([point(1, 100, others=1.2), point(2, 101, others=0.8)], "")
    assert disturbed.caution.startswith("Other programs used 1.0 of 2 cores meanwhile: ")


def test_nothing_measured_is_no_advice():
    with pytest.raises(ValueError):
        advice([], "")
