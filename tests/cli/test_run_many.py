import json
import sys

import pexpect
import pytest

CRASH = "print('x', line.strip(), flush=True) if line != 'right\\n' else sys.exit('bad \\x1b[31m luck')"


def told(result):
    assert result.stderr == ""
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_a_run_of_landers(cli):
    result = cli("run", "Lander", "--num-envs", "3", "--episodes", "5", "--seed", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0].startswith("Lander, 3 seats: 5 episodes, ")
    assert lines[1] == "seed 3 (the same again: --seed 3)"
    assert lines[2] == "endings terminated 5 (100 %), truncated 0 (0 %), failed 0 (0 %)"
    assert lines[3].startswith("simulators started in ")
    assert "of a seat min median mean max" in lines
    assert "seat steps/s idle" in lines
    assert any(" the throughput: " in line for line in lines)
    assert lines[-1].startswith("A training of 1 000 000 steps would spend ")


def test_json_is_the_same_for_the_same_seed(cli):
    options = ["--num-envs", "3", "--episodes", "6", "--seed", "4", "--json"]
    first, second = (told(cli("run", "Lander", *options)) for _ in range(2))
    assert first["returns"] == second["returns"]
    assert first["lengths"]["count"] == 6
    assert first["endings"] == {"terminated": 6, "truncated": 0, "failed": 0}
    assert first["estimate"]["steps"] == 1_000_000
    assert len(first["seat_steps_per_second"]) == len(first["load"]["idle"]) == 3
    assert sum(first["seat_steps_per_second"]) == pytest.approx(first["steps_per_second"])
    assert first["bottleneck"]["what"]


def test_each_seat_plays_one_episode_where_there_are_many(cli, simulator):
    assert told(cli("run", simulator(), "--num-envs", "12", "--json"))["episodes"] == 12


def test_the_beginning_of_an_episode_is_no_step(cli, simulator):
    result = told(cli("run", simulator(), "--num-envs", "2", "--episodes", "4", "--json"))
    assert (result["lengths"]["minimum"], result["lengths"]["maximum"]) == (4, 4)
    assert result["steps"] == 16
    assert result["call_times"]["count"] == 9


def test_a_run_by_time_ends_in_the_middle_of_an_episode(cli):
    result = told(cli("run", "Lander", "--num-envs", "2", "--seconds", "0", "--json", "--steps-per-training", "10"))
    assert (result["episodes"], result["steps"]) == (0, 2)
    assert result["lengths"] is None
    assert result["estimate"]["steps"] == 10


def test_those_that_are_ready_need_not_wait_for_the_slow_one(cli, simulator):
    body = "import time; time.sleep(0.15 if int(sys.argv[1]) == 9 else 0); print('x', line.strip(), flush=True)"
    path = simulator(body, command='"${seed}"', max_steps=100_000)
    options = ["--num-envs", "3", "--seed", "7", "--seconds", "1", "--json"]
    together = told(cli("run", path, *options))
    *fast, slow = together["load"]["idle"]
    assert slow + 0.2 < min(fast)
    assert max(together["seat_steps_per_second"]) == min(together["seat_steps_per_second"])
    ready = told(cli("run", path, *options, "--wait-for", "1"))
    *fast, slow = ready["seat_steps_per_second"]
    assert min(fast) > 5 * slow
    assert ready["steps"] > 2 * together["steps"]


def test_simulators_can_be_started_ahead(cli, simulator):
    assert told(cli("run", simulator(), "--num-envs", "2", "--warm", "2", "--json"))["episodes"] == 10


def test_a_simulator_without_a_seed_says_so(cli, simulator):
    result = cli("run", simulator(), "--num-envs", "2", "--seed", "1")
    assert result.exit_code == 0
    assert result.stderr == "note: Echo has no seed: --seed chooses the actions only\n"


def test_the_first_failure_ends_the_run_with_its_diagnosis(cli, simulator):
    result = cli("run", simulator(CRASH), "--num-envs", "4", "--episodes", "50", "--seed", "1", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["endings"]["failed"] >= 1
    assert result.stderr.count("SimulatorExited: the simulator ended in the middle of a step: exit code 1") == 1
    assert "  stderr: bad \\x1b[31m luck\\n" in result.stderr
    assert "\x1b" not in result.output


def test_a_run_may_go_on_after_failures(cli, simulator):
    result = cli("run", simulator(CRASH), "--num-envs", "3", "--episodes", "9", "--seed", "1", "--keep-going", "--json")
    assert result.exit_code == 1
    endings = json.loads(result.stdout)["endings"]
    assert endings["failed"] >= 3
    assert sum(endings.values()) == 9
    assert result.stderr.count("SimulatorExited: ") == 1


def test_what_a_policy_turned_into_an_end_is_a_failure_still(cli, simulator):
    path = simulator(CRASH, extra="on_failure: truncate\n")
    result = cli("run", path, "--num-envs", "3", "--episodes", "3", "--seed", "1", "--keep-going", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["endings"]["failed"] >= 1
    assert "SimulatorExited: the simulator ended in the middle of a step: exit code 1" in result.stderr


def test_a_missing_program_is_named_with_the_line_that_installs_it(cli, tmp_path):
    path = tmp_path / "ghost.yaml"
    path.write_text(
        "filebridge: 1\nname: Ghost\n"
        "simulator: {command: [no-such-program], install: apt-get install ghost, seed: none}\n"
        "transport: {console: {}}\naction: {choices: 2}\nstep: {send: '{action}'}\nobservation: step\nmax_steps: 2\n"
    )
    for more in ([], ["--keep-going"]):
        result = cli("run", str(path), "--num-envs", "3", *more)
        assert result.exit_code == 1
        assert result.stdout.startswith("Ghost, 3 seats: ")
        assert result.stderr.startswith("ExecFailed: no-such-program cannot be started: No such file or directory\n")
        assert result.stderr.endswith("  cure: install with: apt-get install ghost\n")


@pytest.mark.parametrize(
    "options", ["--num-envs 0", "--wait-for 2", "--num-envs 2 --wait-for 0", "--num-envs 2 --render", "--warm -1"]
)
def test_wrong_usage(cli, options):
    result = cli("run", "Lander", *options.split())
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_what_cannot_be_started_ahead_is_refused(cli):
    result = cli("run", "Rod", "--num-envs", "2", "--warm", "2")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("UsageError: warm=2 cannot be had\n  found: each step has a process of its own\n")


def terminal(*arguments):
    return pexpect.spawn(sys.executable, ["-m", "filebridge", "run", *arguments], encoding="utf-8", timeout=30)


def test_a_terminal_sees_them_start_and_run(simulator):
    path = simulator("print('x stay', flush=True)", before="import time; time.sleep(0.8)")
    child = terminal(path, "--num-envs", "3", "--seconds", "1", "--json")
    child.expect(r"Echo .*0 of 3 simulators started")
    child.expect(r"Echo .*3 seats, \d+ episodes, \d+ steps, \d+ steps/s")
    child.expect_exact('"simulator": "Echo"')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize("begun", [True, False])
def test_an_interrupt_shows_what_there_is(simulator, begun):
    path = simulator("print('x stay', flush=True)", before="" if begun else "import time; time.sleep(4)")
    child = terminal(path, "--num-envs", "2", "--seconds", "60", "--json")
    child.expect(r"2 seats, \d+ episodes, [1-9]\d* steps" if begun else "0 of 2 simulators started")
    child.sendintr()
    child.expect_exact('"simulator": "Echo"')
    child.expect(r'"steps": [1-9]' if begun else '"steps": 0')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in child.before
