import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pexpect
import pytest

SLEEPS = "import time; time.sleep(0.05); print('x', line.strip(), flush=True)"
FEW = ["--max-seats", "2", "--seconds", "0.4"]


@pytest.fixture
def sleeping(simulator):
    """The path of a simulator that takes 50 ms for a step, and an episode that takes long."""
    return simulator(SLEEPS, max_steps=10_000)


def test_seats_that_gain_are_taken(cli, sleeping, tmp_path):
    svg, figures = tmp_path / "seats.svg", tmp_path / "seats.json"
    result = cli("bench", sleeping, *FEW, "--seed", "3", "--svg", str(svg), "--json", str(figures))
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "Echo: take 2 seats"
    assert lines[2] == "seats steps/s noise per seat gain bridge waits simulators idle cores used start"
    assert [line.split()[0] for line in lines[4:6]] == ["1", "2"]
    assert "No more were tried: so many were asked for at most, with --max-seats." in result.stdout.replace("\n", "")
    told = json.loads(figures.read_text())
    assert (told["simulator"], told["seed"], told["seats"]) == ("Echo", 3, 2)
    assert [point["seats"] for point in told["points"]] == [1, 2]
    assert told["points"][1]["gain"] > 0.3
    assert told["points"][0]["bottleneck"]["what"]
    texts = [text.text for text in ElementTree.parse(svg).getroot().iter("{http://www.w3.org/2000/svg}text")]
    assert {"Echo: how many simulators are worth it", "take 2"} <= set(texts)


def test_json_can_be_printed(cli, sleeping):
    result = cli("bench", sleeping, *FEW, "--json", "-", "--warm", "1")
    told = json.loads(result.stdout)
    assert told["stopped"] == "so many were asked for at most, with --max-seats"
    assert told["why"].startswith("Take 2 seats: ")


def test_a_failure_ends_it_and_what_was_measured_is_shown(cli, simulator):
    # The second seat has the seed after that of the first.
    body = f"if line == 'stay\\n' and sys.argv[1] == '4': sys.exit('enough')\n    {SLEEPS}"
    path = simulator(body, command='"${seed}"', max_steps=10_000)
    result = cli("bench", path, *FEW, "--seed", "3")
    assert result.exit_code == 1
    assert result.stdout.startswith("Echo: take 1 seat\n")
    assert result.stderr.startswith("SimulatorExited: the simulator ended in the middle of a step: exit code 1\n")
    assert "  stderr: enough\\n" in result.stderr


def test_a_simulator_that_does_not_start_leaves_nothing_to_show(cli, simulator):
    result = cli("bench", simulator(before="sys.exit('no licence')"), *FEW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "stderr: no licence" in result.stderr


def test_too_few_descriptors_are_a_limit_and_no_failure(sleeping):
    command = f"ulimit -n 60; exec {sys.executable} -m filebridge bench {sleeping} --seconds 0.1"
    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    said = " ".join(result.stdout.split())
    assert re.search(r"No more were tried: this process has descriptors for [2-7] seats; ulimit -n raises that\.", said)


def test_no_descriptors_for_a_single_seat(sleeping):
    command = f"ulimit -n 30; exec {sys.executable} -m filebridge bench {sleeping}"
    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("LimitReached: a simulator needs more descriptors than this process may open\n")


@pytest.mark.parametrize("options", ["--max-seats 0", "--seconds 0", "--seed -1", "--warm -1", "--episodes 3"])
def test_wrong_usage(cli, options):
    result = cli("bench", "Lander", *options.split())
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(cli, tmp_path):
    for option, path, reason in (
        ("--svg", tmp_path, "Is a directory"),
        ("--json", tmp_path / "no" / "seats.json", "No such file or directory"),
    ):
        result = cli("bench", "Lander", option, str(path))
        assert (result.exit_code, result.stdout) == (1, "")
        cure = "cure: name a file in a folder of yours"
        assert result.stderr == f"{path} cannot be written\n  found: {reason}\n  {cure}\n"


def terminal(*arguments, columns=100):
    command = ["-m", "filebridge", "bench", *arguments]
    environment = {**os.environ, "COLUMNS": str(columns)}
    return pexpect.spawn(sys.executable, command, encoding="utf-8", timeout=30, env=environment)


def test_a_terminal_sees_the_progress_and_a_plot(sleeping):
    child = terminal(sleeping, "--max-seats", "2", "--seconds", "0.6")
    child.expect("measuring 1 seat")
    child.expect(r"measuring 2 seats; 1 had \d+ steps/s")
    child.expect("Take 2 seats: ")
    child.expect("█")
    child.expect("▲ 2")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_narrow_terminal_has_the_table_only(sleeping):
    child = terminal(sleeping, *FEW, columns=39)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "█" not in child.before


def test_an_interrupt_shows_what_there_is(sleeping):
    child = terminal(sleeping, "--seconds", "0.6")
    child.expect("measuring 2 seats")
    child.sendintr()
    child.expect("take 1 seat")
    child.expect("it was interrupted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in child.before


def test_an_interrupt_before_anything_was_measured(sleeping):
    child = terminal(sleeping, "--seconds", "20")
    child.expect("measuring 1 seat")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in child.before
