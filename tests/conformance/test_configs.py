"""Every bundled simulator keeps every rule: those of ``filebridge check``, and those about crashes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import gymnasium
import pytest

import filebridge  # noqa: F401  # registers the ids
from filebridge.check import RULES, check
from filebridge.check.subject import link_of
from filebridge.config import substitution
from filebridge.config.find import bundled
from filebridge.errors import ActionError
from filebridge.program import load_program

_spec = importlib.util.spec_from_file_location("crashes", Path(__file__).with_name("crashes.py"))
crashes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(crashes)


@pytest.fixture(params=sorted(bundled()))
def name(request, require, require_module):
    """The name of a bundled simulator whose programs are there."""
    simulator = load_program(request.param).config.simulator
    for program in (simulator.command[0], *simulator.requires):
        if not program.startswith("${"):
            require(program, *simulator.path)
    if simulator.command[:2] == ["${python}", "-m"]:
        require_module(simulator.command[2].partition(".")[0])
    return request.param


def test_all_are_there():
    consoles = {"BasicLander", "Lander", "Ngspice", "Stockfish", "VerilogConsole", "Wump"}
    files = {"Tank", "VerilogPlant"}
    runs = {"Dipole", "NgspiceBatch", "Rod"}
    streams = {"Focuser", "ModbusTcp", "MotorDial", "MotorServer", "Rotator", "Shop", "StockfishDial"}
    messages = {"Calculator", "ModbusHttp", "MotorHttp", "MotorPoll", "MotorUdp"}
    assert set(bundled()) >= {*consoles, *files, *runs, *streams, *messages, "Robots", "SpimLander"}


SECONDS = {"Robots": 56, "Rod": 11, "ModbusHttp": 9, "NgspiceBatch": 8, "ModbusTcp": 7, "Stockfish": 5}
NAMES = [pytest.param(each, marks=pytest.mark.takes(SECONDS.get(each, 0))) for each in sorted(bundled())]


@pytest.mark.timeout(300)  # robots sleeps two seconds at each start
@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_every_rule_is_kept(name):
    verdicts = {verdict.rule: verdict for verdict in check(name, episodes=1, rules=RULES + crashes.CRASHES)}
    assert [verdict for verdict in verdicts.values() if verdict.outcome not in ("passed", "not applicable")] == []
    assert len(verdicts) == len(RULES) + len(crashes.CRASHES)
    config = load_program(name).config
    waived = {rule for rule, verdict in verdicts.items() if verdict.outcome == "not applicable"}
    # Nothing may be waived but what the file declares: that a seed changes nothing, that its episodes cannot repeat.
    declared = {rule for rule in verdicts if "different seeds" in rule and config.simulator.seed is None}
    if config.simulator.seed is None and not config.deterministic:
        declared = {rule for rule in verdicts if "seeds" in rule}
    if config.simulator.seed is not None or config.deterministic:
        declared.add("no seed, begun together: different episodes")
    if config.simulator.each == "step":
        declared |= {"a death between steps is reported", "one reply for each action, none left over"}
    screen = config.transport.console and config.transport.console.screen
    if config.leftover == "drop" or screen or config.transport.udp:
        declared.add("one reply for each action, none left over")
    assert waived <= declared


def test_a_bad_action_leaves_the_episode_as_it_is(name):
    env = gymnasium.make(f"filebridge/{name}-v0").unwrapped
    try:
        over = True
        for action in (None, "nonsense", [[]], float("nan")):
            if over:
                env.reset()
            pid = link_of(env).process.pid
            with pytest.raises(ActionError):
                env.step(action)
            observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
            assert observation in env.observation_space
            assert link_of(env).process.pid == pid
            over = terminated or truncated
    finally:
        env.close()


def test_the_file_names_its_schema_and_itself(name):
    path = bundled()[name]
    assert path.read_text().startswith("# yaml-language-server: $schema=../filebridge/filebridge.schema.json\n")
    assert load_program(path).config.name == path.stem == name


@pytest.mark.parametrize("name", sorted(bundled()))
def test_no_secret_of_a_run_stands_in_a_command_which_all_users_can_read(name):
    assert not substitution.uses(load_program(name).config.simulator.command, "token")
