"""The embedded tanks: a program that shares its folder with a controller; its files are the product."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from filebridge.simulators.tank import Plant, level, main

PROGRAM = [sys.executable, "-m", "filebridge.simulators.tank"]


class Folder:
    """A tank at work in a folder, and somebody who sets its valve."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self.path = path
        self.process = subprocess.Popen([*PROGRAM, *arguments], cwd=path)

    def answer(self) -> str:
        until = time.monotonic() + 30
        while not (self.path / "ready").exists():
            assert time.monotonic() < until
            assert self.process.poll() is None
            time.sleep(0.001)
        (self.path / "ready").unlink()
        return (self.path / "levels.txt").read_text()

    def order(self, text: str) -> str:
        (self.path / "order").write_text(text)
        (self.path / "order").rename(self.path / "valve.txt")
        said = self.answer()
        assert not (self.path / "valve.txt").exists()
        return said

    def stop(self) -> int:
        (self.path / "stop").touch()
        return self.process.wait(30)


@pytest.fixture
def tank(tmp_path):
    """Give a function that starts a tank in a folder of its own; all are ended afterwards."""
    folders = []

    def start(*arguments: str) -> Folder:
        path = tmp_path / str(len(folders))
        path.mkdir()
        folders.append(Folder(path, *arguments))
        return folders[-1]

    yield start
    for folder in folders:
        folder.process.kill()
        folder.process.wait(30)


def test_each_order_is_taken_and_answered(tank):
    folder, plant = tank("--seed", "7"), Plant(7)
    assert folder.answer() == plant.lines()
    for valve in ("0.25", "1", "0"):
        plant.run(float(valve))
        assert folder.order(f"{valve}\n") == plant.lines()
    assert folder.stop() == 0


def test_the_levels_read_as_the_yaml_expects(tank):
    lines = tank().answer().splitlines()
    assert [line.split()[0] for line in lines] == ["time", "upper", "lower", "demand"]
    assert all(re.fullmatch(r"\w+ += +\d+\.\d{4}", line) for line in lines)


@pytest.mark.parametrize("order", ["abc", "", "1.5", "-0.1", "nan", "1 2"])
def test_an_order_that_is_none_is_refused_and_costs_no_time(tank, order):
    folder, plant = tank("--seed=7"), Plant(7)
    folder.answer()
    assert folder.order(order).startswith("REFUSED ")
    plant.run(0.5)
    assert folder.order("0.5") == plant.lines()


def test_the_valve_fills_and_the_consumers_empty():
    full, empty = Plant(3), Plant(3)
    for _ in range(60):
        full.run(1.0)
        empty.run(0.0)
    assert full.upper > 2.5
    assert full.lower == 3.0
    assert empty.upper == empty.lower == 0.0
    assert full.demand == empty.demand


@pytest.mark.parametrize(("now", "flow", "then"), [(1.0, 50.0, 1.05), (1.0, 0.0, 1.0), (0.01, -50.0, 0.0),
                                                   (2.99, 50.0, 3.0)])  # fmt: skip
def test_a_level_stays_within_its_tank(now, flow, then):
    assert level(now, flow) == pytest.approx(then)


def test_the_seed_decides_the_plant():
    assert len({Plant(seed).lines() for seed in range(100)}) == 100
    assert Plant(5).lines() == Plant(5).lines()
    for huge in (-1, 2**31 - 2, 2**64):
        assert 0.5 <= Plant(huge).upper <= 2


def test_a_controller_holds_the_level():
    plant = Plant(11)
    errors = []
    for _ in range(200):
        wanted = ((plant.demand + 20 * (1 - plant.lower)) / 6.0) ** 2 if plant.lower < 1.2 else 0.0
        plant.run(min(max((plant.demand + 20 * (wanted - plant.upper)) / 12.0, 0.0), 1.0))
        errors.append(abs(plant.lower - 1))
    assert max(errors[100:]) < 0.3


@pytest.mark.parametrize("arguments", [["--seed"], ["--seed", "x"], ["7"], ["--seed", "1", "2"]])
def test_arguments_that_mean_nothing(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err == "USAGE: TANK [--seed N]\n"
