import pytest

from filebridge.report import Load, bottleneck


def load(**changes):
    figures = {
        "elapsed": 2.0, "waited": 0.8, "idle": (0.1, 0.1), "own": 0.1, "simulators": 0.2, "others": 0.0, "cores": 4.0,
    }  # fmt: skip
    return Load(**{**figures, **changes})


@pytest.mark.parametrize(
    ("changes", "what", "why"),
    [
        ({}, "simulators", "this process waits for them 90 % of the time, and they use 0.2 of 4 cores: they sleep"),
        ({"simulators": 1.8}, "simulators", "and they use 1.8 of 4 cores: they compute"),
        ({"simulators": None, "others": None}, "simulators", "this process waits for them 90 % of the time"),
        ({"idle": (0.0, 0.9, 0.9)}, "slowest simulators", "a simulator idles 60 % of the time for others"),
        ({"own": 0.97, "waited": 0.02}, "this process", "it computes 97 % of the time, and the simulators wait"),
        ({"own": 0.6, "waited": 0.1}, "this process", "it computes 60 % of the time"),
        ({"own": 0.5, "simulators": 3.2, "waited": 0.3}, "cores", "of 4 the simulators use 3.2 and this process 0.5"),
        ({"others": 3.5}, "other programs", "they use 3.5 of 4 cores, the simulators 0.2, this process 0.1"),
        # Less than a core, as a container may have it: what is used of it counts.
        ({"own": 0.2, "simulators": 0.25, "cores": 0.5}, "cores", "of 0.5 the simulators use 0.2"),
    ],
)
def test_what_limits_the_throughput(changes, what, why):
    found = bottleneck(load(**changes), is_lockstep=True, is_warm=False)
    assert found.what == what
    assert why in found.why
    assert found.cure


def test_one_core_that_this_process_fills_is_its_own_limit():
    found = bottleneck(load(own=0.9, waited=0.0, simulators=0.1, cores=1.0), is_lockstep=True, is_warm=False)
    assert found.what == "this process"


def test_nobody_waits_for_the_slowest_where_those_that_are_ready_are_stepped():
    idle = {"idle": (0.0, 0.9, 0.9)}
    assert bottleneck(load(**idle), is_lockstep=False, is_warm=False).what == "simulators"
    assert bottleneck(load(idle=(0.9,)), is_lockstep=True, is_warm=False).what == "simulators"


def test_a_warm_start_is_advised_where_it_is_possible():
    idle = load(idle=(0.0, 0.9, 0.9))
    assert "--warm" in bottleneck(idle, is_lockstep=True, is_warm=False).cure
    assert "--warm" not in bottleneck(idle, is_lockstep=True, is_warm=True).cure
