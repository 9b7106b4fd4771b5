"""The embedded motor: its model, its orders, and what it says to nonsense."""

from __future__ import annotations

import subprocess
import sys

import pytest

from filebridge.simulators.motor import PART, PARTS, STEPS, Motor, main

PROGRAM = [sys.executable, "-m", "filebridge.simulators.motor"]


def held(motor):
    """Hold the shaft for a whole run; return the voltages, and how far it was off at each step."""
    voltages, errors, summed = [], [], 0.0
    while motor.status == "RUN":
        error = motor.setpoint - motor.position
        summed += error * 0.05
        voltages.append(min(max(8 * error + 6 * summed - motor.speed, -12), 12))
        motor.drive(voltages[-1])
        errors.append(abs(motor.setpoint - motor.position))
    return voltages, errors


def said(*orders, seed=3):
    """Return what the program answers to these orders, line by line."""
    words, text = [*PROGRAM, "--seed", str(seed)], "".join(f"{order}\n" for order in orders)
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_controller_holds_the_shaft():
    for seed in range(20):
        motor = Motor(seed)
        _, errors = held(motor)
        assert (motor.status, len(errors)) == ("END", STEPS)
        assert max(errors[60:]) < 0.4


def test_without_a_voltage_the_load_turns_it_into_its_stop():
    motor = Motor(1)
    while motor.status == "RUN":
        motor.drive(0)
    assert motor.status == "TRIP"
    assert abs(motor.position) == 7.0
    with pytest.raises(ValueError, match="OVER"):
        motor.drive(0)


def test_one_step_by_hand():
    motor = Motor(9)
    motor.load, motor._uniform = 0.25, lambda low, high: 0.0
    speed = position = 0.0
    for _ in range(PARTS):
        current = (6.0 - 0.5 * speed) / 2
        speed += (0.5 * current - 0.01 * speed - 0.25) / 0.02 * PART
        position += speed * PART
    motor.drive(6.0)
    assert (motor.step, motor.position, motor.speed) == (1, pytest.approx(position), pytest.approx(speed))


def test_the_seed_decides_the_run():
    assert len({Motor(seed).line() for seed in range(100)}) == 100
    first, second = Motor(5), Motor(6)
    second.drive(3)
    second.reset(5)
    for voltage in (1.0, -2.5, 12.0):
        first.drive(voltage)
        second.drive(voltage)
        assert first.record() == second.record()
    for huge in (-1, 2**31 - 2, 2**64):
        assert -2 <= Motor(huge).setpoint <= 2


def test_each_line_is_answered_with_all_digits():
    lines, motor = said("1", "-2.5", "0.125"), Motor(3)
    assert lines[0] == motor.line().rstrip()
    for voltage, line in zip((1, -2.5, 0.125), lines[1:], strict=True):
        motor.drive(voltage)
        step, position, speed, setpoint, status = line.split()
        assert (int(step), status) == (motor.step, "RUN")
        assert [float(text) for text in (position, speed, setpoint)] == [motor.position, motor.speed, motor.setpoint]


@pytest.mark.parametrize("order", ["abc", "", "12.5", "-13", "nan", "RESET", "RESET x", "1 2 x" * 20, "STOP", "1 2"])
def test_what_is_no_order_costs_no_time(order):
    motor = Motor(3)
    lines = said(order, "1")
    assert lines[1].startswith("ERROR ")
    motor.drive(1)
    assert lines[2] == motor.line().rstrip()


def test_reset_begins_a_run_and_quit_ends_the_program():
    lines = said("12", "RESET 8", "QUIT", "1", seed=2)
    assert lines[2:] == [Motor(8).line().rstrip()]


def test_the_run_is_over_after_a_hundred_steps():
    voltages, _ = held(Motor(3))
    lines = said(*voltages, 0, 1, "RESET 4")
    assert [line.split()[-1] for line in lines[:101]] == ["RUN"] * 100 + ["END"]
    assert lines[101:] == ["ERROR THE RUN IS OVER"] * 2 + [Motor(4).line().rstrip()]


@pytest.mark.parametrize(
    "arguments",
    [["--seed"], ["--seed", "x"], ["7"], ["--listen"], ["--fifo", "a"], ["--files", "x"], ["--http", "1", "2"]],
    ids=" ".join,
)
def test_arguments_that_mean_nothing(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("USAGE: MOTOR [--seed N] ")
