import json
import os
import signal
import subprocess
import sys

import pexpect
import pytest


def test_a_run_of_lander(cli):
    result = cli("run", "Lander", "--episodes", "2", "--seed", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0].startswith("Lander: 2 episodes, ")
    assert lines[1] == "seed 3 (the same again: --seed 3)"
    assert lines[2] == "endings terminated 2 (100 %), truncated 0 (0 %), failed 0 (0 %)"
    assert "time of a p50 p90 p99 max total share" in lines
    assert lines[-1].startswith("A training of 1 000 000 steps would spend ")


def test_json_is_the_same_for_the_same_seed(cli):
    options = ["--episodes", "2", "--seed", "4", "--json"]
    first, second = (json.loads(cli("run", "Lander", *options).stdout) for _ in range(2))
    assert first["returns"] == second["returns"]
    assert first["lengths"]["count"] == 2
    assert first["endings"] == {"terminated": 2, "truncated": 0, "failed": 0}
    assert first["estimate"]["steps"] == 1_000_000


def test_a_run_by_time_ends_in_the_middle_of_an_episode(cli):
    result = json.loads(cli("run", "Lander", "--seconds", "0", "--json", "--steps-per-training", "10").stdout)
    assert (result["episodes"], result["steps"]) == (0, 1)
    assert result["lengths"] is None
    assert result["estimate"]["steps"] == 10


def test_a_simulator_without_a_seed_says_so(cli, simulator):
    result = cli("run", simulator(), "--episodes", "2", "--seed", "1")
    assert result.exit_code == 0
    assert result.stderr == "note: Echo has no seed: --seed chooses the actions only\n"
    assert "truncated 2 (100 %)" in result.stdout


CRASH = "print('x', line.strip(), flush=True) if line != 'right\\n' else sys.exit('bad \\x1b[31m luck')"


def test_the_first_failure_ends_the_run_with_its_diagnosis(cli, simulator):
    result = cli("run", simulator(CRASH), "--episodes", "50", "--seed", "1", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["endings"]["failed"] == 1
    assert result.stderr.count("SimulatorExited: the simulator ended in the middle of a step: exit code 1") == 1
    assert "  stderr: bad \\x1b[31m luck\\n" in result.stderr
    assert "sent: right\\n" in result.stderr
    assert "\x1b" not in result.output


def test_a_run_may_go_on_after_failures(cli, simulator):
    result = cli("run", simulator(CRASH), "--episodes", "6", "--seed", "1", "--keep-going")
    assert result.exit_code == 1
    assert result.stdout.startswith("Echo: 6 episodes, ")
    assert result.stderr.count("SimulatorExited: ") == 1


def test_render_shows_what_is_said_escaped(cli, simulator):
    body = "print('x', line.strip(), '\\x1b]0;title\\x07[bold]', flush=True)"
    result = cli("run", simulator(body, extra="text: {ansi: keep}\n"), "--episodes", "1", "--seed", "1", "--render")
    assert result.exit_code == 0
    assert "\\x1b]0;title\\x07[bold]" in result.stdout
    assert "\x1b]" not in result.output


def test_a_missing_program_is_named_with_the_line_that_installs_it(cli, tmp_path):
    path = tmp_path / "ghost.yaml"
    path.write_text(
        "filebridge: 1\nname: Ghost\n"
        "simulator: {command: [no-such-program], install: apt-get install ghost, seed: none}\n"
        "transport: {console: {}}\naction: {choices: 2}\nstep: {send: '{action}'}\nobservation: step\nmax_steps: 2\n"
    )
    result = cli("run", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith("ExecFailed: no-such-program cannot be started: No such file or directory\n")
    assert result.stderr.endswith("  cure: install with: apt-get install ghost\n")


def test_a_variable_that_is_drawn_obeys_the_seed(cli, simulator):
    extra = "variables: {goal: {draw: 'uniform(0, 1)'}}\nreward: goal\n"
    first, second, other = (
        cli("run", simulator(extra=extra), "--episodes", "1", "--seed", seed, "--json") for seed in ("1", "1", "2")
    )
    assert first.stderr == "note: Echo has no seed: --seed chooses the actions and the variables that are drawn only\n"
    assert json.loads(first.stdout)["returns"] == json.loads(second.stdout)["returns"]
    assert json.loads(first.stdout)["returns"] != json.loads(other.stdout)["returns"]


def test_a_terminal_sees_the_progress(simulator):
    command = ["-m", "filebridge", "run", simulator("print('x stay', flush=True)"), "--seconds", "0.5", "--json"]
    child = pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=20)
    child.expect(r"Echo .*\d+ episodes, \d+ steps, \d+ steps/s")
    child.expect_exact('"simulator": "Echo"')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupt_shows_what_there_is(as_json):
    options = ["--seconds", "60", "--render", *["--json"] * as_json]
    command = [sys.executable, "-m", "filebridge", "run", "Lander", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        # The first rendered line says that an episode is on.
        (running.stderr if as_json else running.stdout).readline()
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in err
    if as_json:
        assert json.loads(out)["simulator"] == "Lander"
    else:
        assert "time of a" in out
