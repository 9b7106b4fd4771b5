import pytest

from filebridge.report import Bin, Sample, Spread, histogram, quantile, spread


def test_quantiles_are_values_that_were_measured():
    values = [float(n) for n in range(1, 101)]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.9, 0.99, 1.0)] == [1.0, 50.0, 90.0, 99.0, 100.0]
    assert quantile([7.0], 0.99) == 7.0


def test_a_quantile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no values"):
        Sample().quantiles(0.5)


def test_a_sample_stays_small_and_its_totals_exact():
    sample = Sample(most=64)
    for n in range(10_000):
        sample.add(float(n))
    assert (sample.count, sample.total, sample.largest) == (10_000, 49_995_000.0, 9999.0)
    assert len(sample._kept) <= 64
    assert sample.quantiles(0.5)[0] == pytest.approx(5000, abs=300)


def test_a_sample_keeps_every_stride_th_value():
    sample = Sample(most=4)
    for n in range(9):
        sample.add(float(n))
    assert sample.stride == 4
    assert list(sample._kept) == [0.0, 4.0, 8.0]


def test_spread():
    assert spread([3, 1, 2, 10]) == Spread(4, 1, 2.5, 4.0, 10)
    assert spread([]) is None


def test_a_histogram_counts_every_value_once():
    bins = histogram([0.0, 1.0, 2.0, 3.0, 4.0, 10.0], most_bins=5)
    assert bins[0] == Bin(0.0, 10 / 3, 4)
    assert sum(one.count for one in bins) == 6
    assert bins[-1].high == 10.0
    assert bins[-1].count == 1


def test_a_histogram_of_equal_values_is_one_bar():
    assert histogram([2.0, 2.0]) == (Bin(2.0, 2.0, 2),)
    assert histogram([]) == ()
