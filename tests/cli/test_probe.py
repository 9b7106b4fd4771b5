import sys
from pathlib import Path

import pexpect
import pytest

WORDS = "Enter takes a random one, `reset` begins again, `help` says what can be typed, `quit` ends"


@pytest.fixture
def answering(tmp_path):
    """Write the YAML of a simulator that says ``first`` and then ``answer``, some Python, for each line."""

    def write(first, answer, yaml):
        code = f"import sys\nsay = lambda text: print(text, end='', flush=True)\nsay({first!r})\n"
        (tmp_path / "answering.py").write_text(f"{code}for line in sys.stdin:\n    {answer}\n")
        path = tmp_path / "answering.yaml"
        path.write_text(
            "filebridge: 1\nname: Answering\n"
            'simulator: {command: ["${python}", "${config}/answering.py", "${seed}"]}\n'
            "transport: {console: {}}\naction: {choices: 2}\nmax_steps: 9\n" + yaml
        )
        return str(path)

    return write


def after(result, title):
    """Return what is shown below the first ``title``, without blanks at the ends of the lines."""
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return [line.rstrip() for line in result.stdout.split(title)[1].splitlines()[1:]]


def row(lines, title):
    """Return the lines of one row, its title left out."""
    start = next(number for number, line in enumerate(lines) if line.startswith(f"  {title:<10}"))
    more = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" " * 12)), len(lines))
    return [line[12:] for line in lines[start:more]]


def test_an_end_is_marked_where_the_reply_ended_and_what_follows_is_left_over(cli, answering):
    yaml = 'start: {until: "> "}\nstep: {send: "=", lines: 1}\nfields: {n: {find: "{int}"}}\nobservation: [n]\n'
    result = cli("probe", answering("3\n> ", "say('4\\n> ')", yaml), "--action", "1", "--action", "0")
    step = after(result, "step, action 1")
    assert row(step, "received") == ["4\\n", "~", "n", " ~~", " end", ">"]
    assert row(step, "not read") == ["nothing: all of it has a meaning"]
    assert row(step, "left over") == [
        "`> ` came behind the end of the reply: an error (Desync) when the next thing is sent"
    ]
    assert row(after(result, "reset, seed"), "received")[-3:] == [">", "~~", "end"]
    assert result.stderr.startswith("Desync: ")
    assert "  where: Answering, seat 0, step of episode 1, step 2\n" in result.stderr


@pytest.mark.parametrize(("policy", "fate"), [("drop", "dropped"), ("keep", "kept as the beginning of the next one")])
def test_what_becomes_of_the_rest_is_said(cli, answering, policy, fate):
    yaml = f'start: {{until: "> "}}\nstep: {{send: "=", lines: 1}}\nobservation: step\nleftover: {policy}\n'
    step = after(cli("probe", answering("> ", "say('4\\n> ')", yaml), "--action", "1"), "step, action 1")
    assert row(step, "left over") == [f"`> ` came behind the end of the reply: {fate}"]


def test_a_reply_whose_begin_was_kept_is_marked_too(cli, answering):
    yaml = (
        'start: {until: "> "}\nstep: {send: "=", lines: 1}\nleftover: keep\n'
        'fields: {n: {find: "> {int}", default: 0}}\nobservation: [n]\n'
    )
    result = cli("probe", answering("> ", "say('7\\n> ')", yaml), "--action", "1", "--action", "0")
    assert row(after(result, "step, action 0"), "received")[:5] == ["7\\n", "~", "n", " ~~", " end"]


def test_each_message_of_a_step_has_its_own_end(cli, answering):
    yaml = (
        'start: {until: "> "}\n'
        'step: [{send: one, until: "\\n> "}, {send: two, answer: {"sure? ": y}, until: {over: "!"}}]\n'
        "observation: step\n"
    )
    said = {"one": "> 2\n> ", "two": "sure? ", "y": "! yes!"}
    step = after(cli("probe", answering("> ", f"say({said}[line.strip()])", yaml), "--action", "1"), "step, action 1")
    received = [row(step[start:], "received") for start in range(len(step)) if step[start].startswith("  received")]
    assert received == [
        ["> 2\\n", "   ~~", "   end", ">", "~~", "end"],
        ["sure?", "~~~~~~", "question"],
        ["! yes!", "~", "end, over"],
    ]


def test_the_variables_are_those_that_the_step_used(cli, simulator):
    path = simulator(extra="variables: {t: {start: 1, update: t * 2}}\nreward: t\n")
    text = cli("probe", path, "--action", "left", "--action", "left").stdout
    assert "  variables t = 1\n" in text.split("step, action")[0]
    for step, line in zip(text.split("step, action")[1:], ("t = 1  (then 2, for", "t = 2  (then 4, for"), strict=True):
        assert f"  variables {line} the next step)\n" in step
    assert "  reward    2\n" in text


def test_a_seed_that_is_folded_is_shown_as_it_is_sent(cli, answering):
    path = answering("> ", "say('4\\n')", 'start: {until: "> "}\nstep: {send: "="}\nobservation: step\n')
    text = Path(path).read_text()
    Path(path).write_text(text.replace('"${seed}"]}', '"${seed}"], seed: 1..10}'))
    shown = cli("probe", path, "--seed", "1796374676", "--steps", "0").stdout
    assert shown.startswith("reset, seed 1796374676, sent as 7\n")
    assert cli("probe", path, "--seed", "7", "--steps", "0").stdout.startswith("reset, seed 7\n")


def test_each_piece_of_json_has_one_name(cli, answering):
    fields = "{a: {json: /a, type: int}, b: {json: /b, type: float}, on: {json: /on, type: flag}}"
    yaml = f"start: {{lines: 1}}\nstep: {{send: '='}}\nfields: {fields}\nobservation: {{a: a}}\n"
    said = '{"a": 5, "x": 5, "b": 5, "on": true}\n'
    step = after(cli("probe", answering(said, f"say({said!r})", yaml), "--action", "1"), "step, action 1")
    assert row(step, "received") == [
        '{"a": 5, "x": 5, "b": 5, "on": true}\\n',
        "~~~~~~~    ~~  ~~~~~~~~             ~~",
        "a          b   b                    end",
        "       ~~~             ~~~~~~~~~~~~~",
        "       b               on",
    ]
    assert row(step, "not read") == ["x", "5"]


@pytest.mark.parametrize("said", ["ab # cd", "ab ~ # ~ cd", "###"])
def test_the_marks_of_what_is_read_do_not_depend_on_what_signs_it_holds(cli, answering, said):
    yaml = 'start: {lines: 1}\nstep: {send: "="}\nfields: {text: {find: "{line}"}}\nobservation: text\n'
    result = cli("probe", answering("hello\n", f"say({said + chr(10)!r})", yaml), "--action", "1")
    step = after(result, "step, action 1")
    assert row(step, "received")[1].startswith("~" * len(said))
    assert row(step, "not read") == ["nothing: all of it has a meaning"]


def test_equal_values_are_all_read(cli, answering):
    fields = '{x: {find: "X= {int}"}, y: {find: "Y= {int}"}}'
    yaml = f'start: {{until: "> "}}\nstep: {{send: "="}}\nfields: {fields}\nobservation: [x, y]\n'
    path = answering("X= 5 Y= 5\n> ", "say('X= 5 X= 5 Y= 5 U= 5\\n')", yaml)
    step = after(cli("probe", path, "--action", "1"), "step, action 1")
    assert row(step, "received")[:3] == [
        "X= 5 X= 5 Y= 5 U= 5\\n",
        "     ~~~~ ~~~~     ~~",
        "     x    y        end",
    ]
    assert row(step, "not read") == ["X= 5", "U= 5"]


def test_where_no_field_is_yet_all_of_a_reply_is_not_read(cli, answering):
    yaml = 'start: {until: "> "}\nstep: {send: "=", until: "> "}\nobservation: step\n'
    result = cli("probe", answering("X= 5\n> ", "say('X= 6\\nY= 7\\n> ')", yaml), "--action", "1")
    assert row(after(result, "reset, seed"), "not read") == ["X= 5"]
    assert row(after(result, "step, action 1"), "not read") == ["X= 6", "Y= 7"]


@pytest.mark.parametrize("observation", ["[v]", "{v: v, w: v}"])
def test_the_whole_observation_is_shown(cli, answering, observation):
    numbers = " ".join(str(number / 8) for number in range(100))
    fields = '{v: {find: "{float}", pick: all, size: 100}}'
    yaml = f"start: {{lines: 1}}\nstep: {{send: '='}}\nfields: {fields}\nobservation: {observation}\n"
    path = answering(numbers + "\n", f"say({numbers!r} + '\\n')", yaml)
    step = after(cli("probe", path, "-a", "1"), "step, action 1")
    shown = " ".join(" ".join(row(step, "observed")).replace("[", " ").replace("]", " ").split())
    assert [float(word) for word in shown.split() if word not in "v=w"][-100:] == [n / 8 for n in range(100)]
    assert max(len(line) for line in row(step, "observed")) <= 96


def test_an_error_before_the_dialogue_is_placed_in_its_step(cli, answering):
    yaml = 'start: {until: "> "}\nstep: {send: "{1 / (action - 1)}"}\nobservation: step\n'
    result = cli("probe", answering("> ", "say('4\\n')", yaml), "--action", "1")
    assert result.stderr.startswith("ExpressionError: ")
    assert "  where: Answering, seat 0, step of episode 1, step 1\n" in result.stderr


def test_the_wrong_one_of_several_actions_is_named(cli, answering):
    yaml = 'start: {until: "> "}\nstep: {send: "="}\nobservation: step\n'
    path = answering("> ", "say('4\\n')", yaml)
    text = Path(path).read_text()
    Path(path).write_text(text.replace("action: {choices: 2}", "action: {multi: {item: [a, b], n: 9}}"))
    result = cli("probe", path, "-a", '{"n": 5, "item": "b"}', "-a", "a 5 1")
    assert result.exit_code == 2
    assert "Error: Invalid value for --action: 'a 5 1': 3 given, 2 wanted: item:a|b n:0|1|2|3" in result.stderr
    assert "step, action b 5\n" in cli("probe", path, "-a", '{"n": 5, "item": "b"}').stdout


def test_bytes_stand_beside_what_was_read_from_them(cli):
    result = cli("probe", "Lander", "--seed", "4", "--action", "12.5")
    assert (result.exit_code, result.stderr) == (0, "")
    step = result.stdout.split("step, action 12.5\n")[1]
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
    [("lift", "'lift': no choice is 'lift': left|right|stay; did you mean 'left'?"), ("", "'': no choice is ''")],
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
    child.expect_exact(f"actions: left|right|stay\r\n{WORDS}\r\n")
    for typed, answer in [
        ("right", "received  x right\\n"),
        ("up", "no choice is 'up': left|right|stay"),
        ("help", f"an action:\r\n  one of the labels\r\n  values: left|right|stay\r\n{WORDS}\r\n"),
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
