"""The embedded lander: what it prints is what its YAML reads, so the text is the product."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from filebridge.simulators.lander import Generator, Lander

HEADING = "\nLUNAR LANDER\nSET DOWN AT LESS THAN 5 FT/S. BURN 0 TO 30 UNITS EACH SECOND\n\n"


def play(typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "filebridge.simulators.lander", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=30, check=False)


def fall(seed: int, policy: Callable[[Lander], float]) -> float:
    lander, impact = Lander(Generator(seed)), None
    while impact is None:
        impact = lander.burn(policy(lander))
    return impact


def pilot(lander: Lander) -> float:
    height = max(lander.altitude + lander.velocity / 2, 0)
    wanted = -min((26 * height) ** 0.5, height / 2 + 1)
    return min(30, max(0, wanted - lander.velocity + 5))


def test_a_mission_reads_as_its_yaml_expects() -> None:
    run = play("10\n" + "0\n" * 40, "--seed", "7")
    lines = run.stdout.splitlines()
    assert run.returncode == 0
    assert run.stderr == ""
    assert run.stdout.startswith(HEADING + "T=  0  ALT= ")
    state = re.compile(r"(BURN\? )?T= [ \d]\d  ALT= \d+\.\d  VEL= -?\d+\.\d  FUEL= \d+\.\d")
    assert all(state.fullmatch(line) for line in lines[4:-3])
    assert re.fullmatch(r"IMPACT AT [ \d]*\d\.\d FT/S", lines[-3])
    assert lines[-2:] == ["A NEW CRATER ON THE MOON", "TOUCHDOWN"]


def test_a_burn_changes_velocity_and_fuel_by_the_rules() -> None:
    lander = Lander(Generator(1))
    lander.altitude, lander.velocity, lander.fuel = 1000.0, -50.0, 12.0
    assert lander.burn(10) is None
    assert (lander.time, lander.altitude, lander.velocity, lander.fuel) == (1, 952.5, -45.0, 2.0)
    lander.burn(30)
    assert (lander.altitude, lander.velocity, lander.fuel) == (906.0, -48.0, 0.0)


@pytest.mark.parametrize(("altitude", "velocity", "burn", "impact"), [
    (3.0, -4.0, 5.0, 4.0),  # no thrust left over: the speed stays
    (2.5, 0.0, 0.0, 5.0),  # falls the whole second
    (1.0, -3.0, 9.0, 1.0),  # would have stopped below the ground within the second
])
def test_touching_down_within_a_second(altitude: float, velocity: float, burn: float, impact: float) -> None:
    lander = Lander(Generator(1))
    lander.altitude, lander.velocity = altitude, velocity
    assert lander.burn(burn) == pytest.approx(impact)
    assert lander.altitude == 0
    assert lander.velocity == pytest.approx(-impact)


def test_braking_just_above_the_ground_is_no_landing() -> None:
    lander = Lander(Generator(1))
    lander.altitude, lander.velocity = 1.3, -3.0
    assert lander.burn(9.0) is None
    assert lander.altitude == pytest.approx(0.3)


def test_a_pilot_lands_softly_and_chance_does_not() -> None:
    chance = random.Random(0)
    assert max(fall(seed, pilot) for seed in range(100)) < 5
    crashes = [fall(seed, lambda _: chance.uniform(0, 30)) > 20 for seed in range(100)]
    assert sum(crashes) > 90


@pytest.mark.parametrize("burn", [0, 5, 15, 30])
def test_no_flight_leaves_the_bounds_that_the_yaml_states(burn: float) -> None:
    for seed in range(100):
        lander = Lander(Generator(seed))
        while lander.burn(burn) is None:
            assert 0 <= lander.altitude <= 2000
            assert -500 <= lander.velocity <= 500
            assert 0 <= lander.fuel <= 200
        assert lander.time < 200
        assert lander.velocity >= -500


def test_the_seed_decides_the_start() -> None:
    assert play("", "--seed", "7").stdout == play("", "--seed=7").stdout
    starts = {Lander(Generator(seed)).line() for seed in range(200)}
    assert len(starts) == 200
    for huge in (-1, 2**31 - 2, 2**31 - 1, 2**64):
        assert 800 <= Lander(Generator(huge)).altitude <= 1000


def test_nonsense_is_asked_again_and_costs_nothing() -> None:
    said = play("abc\n\n31\nnan\n-1\n5\n", "--seed", "7").stdout
    start = Lander(Generator(7))
    first = start.line()
    start.burn(5)
    again = "?REDO FROM START\nBURN? "
    never = "NOT POSSIBLE\nBURN? "
    assert said == HEADING + first + "BURN? " + again * 2 + never * 3 + start.line() + "BURN? "


def test_another_mission_goes_on_with_the_generator() -> None:
    run = play("0\n" * 20 + "yes\n" + "0\n" * 20 + "NO\n", "--seed", "7", "--again")
    generator = Generator(7)
    starts = [Lander(generator).line(), Lander(generator).line()]
    assert starts[0] != starts[1]
    assert run.returncode == 0
    assert run.stdout.count(HEADING) == 2
    assert all(HEADING + start in run.stdout for start in starts)
    assert run.stdout.count("?ANSWER YES OR NO\nANOTHER MISSION? ") > 0
    assert run.stdout.endswith("ANOTHER MISSION? ")


@pytest.mark.parametrize("arguments", [["--seed"], ["--seed", "x"], ["--help"], ["7"], ["--seed", "1", "2"]])
def test_arguments_that_mean_nothing(arguments: list[str]) -> None:
    run = play("", *arguments)
    assert (run.returncode, run.stdout, run.stderr) == (2, "", "USAGE: LANDER [--seed N] [--again]\n")


def test_a_reader_that_went_away_ends_it_quietly() -> None:
    command = [sys.executable, "-m", "filebridge.simulators.lander"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        run.stdin.write(b"0\n")
        run.stdin.close()
        assert run.stderr.read() == b""
        assert run.wait(30) == 1


def test_it_starts_without_the_rest_of_the_package() -> None:
    # numpy or gymnasium at the start of each episode would cost more than the episode.
    unwanted = ("numpy", "gymnasium", "argparse")
    code = f"import sys, filebridge.simulators.lander; print([m for m in {unwanted} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout == "[]\n"
