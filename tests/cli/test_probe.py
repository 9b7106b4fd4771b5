import sys

import pexpect
import pytest


def test_bytes_stand_beside_what_was_read_from_them(cli):
    result = cli("probe", "Lander", "--seed", "4", "--action", "12.5")
    assert (result.exit_code, result.stderr) == (0, "")
    step = result.stdout.split("step, action [12.5]\n")[1]
    assert step.startswith(
        "  sent      12.50\\n\n"
        "  received  T=  1  ALT= 812.5  VEL= -42.5  FUEL= 138.4\\n\n"
        "                   ~~~~~~~~~~  ~~~~~~~~~~  ~~~~~~~~~~~\n"
        "                   altitude    velocity    fuel\n"
        "            BURN? \n"
        "            ~~~~~~\n"
        "            end\n"
        "  not read  T=  1\n"
        "  fields    altitude = 812.5\n"
        "            velocity = -42.5\n"
        "            fuel = 138.4\n"
        "            impact = 0  (not in the reply: the default)\n"
        "  labels    landed = False\n"
    )
    assert step.endswith("  reward    0\n  info      impact = 0, landed = False\n")


def test_without_a_terminal_three_random_steps_are_taken(cli, simulator):
    assert cli("probe", simulator(), "--seed", "1").stdout.count("step, action") == 3
    assert cli("probe", simulator(), "--steps", "0").stdout.count("step, action") == 0
    assert cli("probe", simulator(), "--action", "left", "--steps", "2").stdout.count("step, action") == 3


def test_another_episode_begins_after_the_end(cli, simulator):
    text = cli("probe", simulator(), "--steps", "5").stdout
    assert "  reward    0, truncated\nreset\n" in text.replace("  info      \n", "")


def test_a_dialogue_that_fails_shows_what_came_and_why(cli, simulator):
    result = cli("probe", simulator("print('x left [y/n]? ', end='', flush=True)"), "--action", "left")
    assert result.exit_code == 1
    assert result.stdout.endswith(
        "  sent      left\\n\n"
        "  received  x left [y/n]? \n"
        "            ~~~~~~\n"
        "            x\n"
        "  not read  [y/n]?\n"
    )
    error = result.stderr.splitlines()
    assert error[0].startswith("SimulatorTimeout: no whole reply within 0.9 s: it waits at another question: ")
    assert error[1] == "  where: Echo, seat 0, step of episode 1, step 1"
    assert error[-1].startswith("  cure: answer it on the way, ")
    assert "Traceback" not in result.output


def test_a_field_that_is_not_there_is_named(cli, simulator):
    path = simulator("print('y', flush=True)")
    with open(path) as file:
        text = file.read().replace(", default: stay", "")
    with open(path, "w") as file:
        file.write(text)
    result = cli("probe", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("ParseError: field x does not occur in the reply\n")


def test_what_a_simulator_says_cannot_reach_the_terminal(cli, simulator):
    body = r"print('\x1b]0;t\x07 [red]x[/red] \u202e\x9b', line.strip(), flush=True)"
    result = cli("probe", simulator(body, extra="text: {ansi: keep}\n"), "--action", "left")
    assert "\\x1b]0;t\\x07 [red]x[/red] \\xe2\\x80\\xae\\xc2\\x9b left\\n" in result.stdout
    assert not set(result.output) & set("\x1b\x07\u202e\x9b")


def test_cleaned_text_is_shown_apart_from_the_bytes(cli, simulator):
    result = cli("probe", simulator(r"print('\x1b[1mx', line.strip(), flush=True)"), "--action", "left")
    assert "  received  \\x1b[1mx left\\n\n  as text   x left\\n\n            ~~~~~~\n" in result.stdout


@pytest.mark.parametrize(
    ("action", "message"),
    [("lift", "no choice is 'lift': left|right|stay; did you mean 'left'?"), ("", "no choice is ''")],
)
def test_an_action_that_is_none_is_wrong_usage(cli, simulator, action, message):
    result = cli("probe", simulator(), "--action", action)
    assert result.exit_code == 2
    assert f"Error: Invalid value for --action: {message}" in result.stderr


def test_an_action_outside_its_bounds_is_wrong_usage(cli):
    result = cli("probe", "Lander", "--action", "31")
    assert result.exit_code == 2
    assert result.stderr.startswith("ActionError: the action is outside its bounds\n  found: array([31.]")


def test_on_a_terminal_it_asks_for_actions(simulator):
    child = pexpect.spawn(
        sys.executable, ["-m", "filebridge", "probe", simulator()], encoding="utf-8", echo=False, timeout=20
    )
    child.expect_exact("actions: left|right|stay\r\nEnter takes a random one, `reset` begins again, `quit` ends\r\n")
    for typed, answer in [
        ("right", "received  x right\\n"),
        ("up", "no choice is 'up': left|right|stay"),
        ("reset", "received  ready\\n"),
        ("", "received  x "),
        ("quit", pexpect.EOF),
    ]:
        child.expect_exact("action> ")
        child.sendline(typed)
        child.expect_exact(answer) if isinstance(answer, str) else child.expect(answer)
    child.close()
    assert child.exitstatus == 0


def test_every_phase_of_a_reset_is_shown(cli, tmp_path):
    path = tmp_path / "phases.yaml"
    path.write_text(
        "filebridge: 1\nname: Phases\nsimulator: {command: [cat], seed: none}\ntransport: {console: {}}\n"
        "action: {choices: 2}\nstart: {send: hello}\nreset: [{send: again 7}]\n"
        "step: {send: 'go {action}'}\n"
        "fields: {n: {find: '{int}'}}\nobservation: [n]\nmax_steps: 1\n"
    )
    result = cli("probe", str(path), "--steps", "2", "--seed", "1")
    assert result.exit_code == 0
    first = result.stdout.split("step, action")[0]
    assert "  start\n  sent      hello\\n\n  received  hello\\n\n" in first
    assert "  reset\n  sent      again 7\\n\n  received  again 7\\n\n" + " " * 18 + "~\n" + " " * 18 + "n\n" in first
