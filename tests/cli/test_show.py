import json
import pathlib

import pytest


def section(text, title):
    return [" ".join(line.split()) for line in text.split(f"\n{title}\n")[1].split("\n\n")[0].splitlines()]


def test_the_dialogue_is_told_as_a_script(cli):
    text = cli("show", "Wump").stdout
    assert section(text, "start") == [
        'if asked "Instructions? (y-n) " answer "n"',
        'wait for "(m-s) "',
        'or "Care to play another game? (y-n) " sets `over`',
    ]
    assert section(text, "reset (only from `over`)")[0] == 'send "y"'
    assert section(text, "step")[0] == 'send "{action.verb} {tunnels[action.tunnel]}"'


def test_the_sides_of_a_simulator(cli):
    text = cli("show", "Lander").stdout
    head = {line.split()[0]: " ".join(line.split()[1:]) for line in text.split("\n\n")[0].splitlines()[1:]}
    assert head["action"] == "Box(0.0, 30.0, (1,), float32)"
    assert head["command"] == "${python} -I -S ${simulators}/lander.py --seed ${seed}"
    assert head["installed"] == "yes"
    assert section(text, "outcome")[:2] == ["reward -abs(impact) if landed else 0", "terminated landed"]
    assert section(text, "time and failures")[0] == "deadlines start 30 s, reset 30 s, step 10 s, stop 5 s"
    assert any(line.split()[:3] == ["altitude", "find", '"ALT='] for line in section(text, "fields"))


def test_nothing_is_started(cli, monkeypatch, simulator):
    monkeypatch.setattr("subprocess.Popen", None)
    assert cli("show", simulator()).exit_code == 0
    assert cli("list").exit_code == 0


def test_json_holds_the_whole_configuration(cli):
    told = json.loads(cli("show", "Lander", "--json").stdout)
    assert told["name"] == "Lander"
    assert told["observed"] == ["altitude", "velocity", "fuel"]
    assert told["config"]["max_steps"] == 200
    assert told["config"]["deadlines"] == {"start": 30.0, "reset": 30.0, "step": 10.0, "stop": 5.0}


def test_every_bundled_simulator_can_be_shown(cli):
    for row in json.loads(cli("list", "--json").stdout):
        assert cli("show", row["name"]).exit_code == 0
        assert json.loads(cli("show", row["name"], "--json").stdout)["name"] == row["name"]


def test_markup_and_escapes_in_a_yaml_are_shown_and_not_obeyed(cli, simulator):
    result = cli("show", simulator(extra='about: "[bold red]no[/] \\e[31m \\u202Ered"\n'))
    assert result.exit_code == 0
    assert "[bold red]no[/] \\x1b[31m \\xe2\\x80\\xaered" in result.stdout


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("", "seed none: its episodes cannot be repeated"),
        ("deterministic: true\n", "seed none: the program draws nothing"),
        (
            "variables: {wind: {draw: 'uniform(0, 1)'}}\n",
            "seed none of its own: wind drawn from that of reset; what the program draws itself is not repeated",
        ),
        (
            "variables: {wind: {draw: 'uniform(0, 1)'}}\ndeterministic: true\n",
            "seed none of its own: wind drawn from that of reset",
        ),
    ],
)
def test_what_a_seed_does_is_told(cli, simulator, extra, told):
    assert told in [" ".join(line.split()) for line in cli("show", simulator(extra=extra)).stdout.splitlines()]


def test_what_becomes_of_a_failure_is_told_in_full(cli, simulator):
    policy = "{crash: truncate, timeout: retry, then: truncate, reward: -2, restarts: 1, within: 2 min}"
    text = cli("show", simulator(extra=f"deterministic: true\non_failure: {policy}\n")).stdout
    assert section(text, "time and failures")[1:5] == [
        "on failure crash truncate, timeout retry, protocol raise",
        "when a retry fails too, truncate",
        "the reward of a truncated step is -2",
        "an error after more than 1 restart within 2 min",
    ]
    assert section(cli("show", simulator()).stdout, "time and failures")[1:3] == [
        "on failure crash raise, timeout raise, protocol raise",
        "limits output 1048576",
    ]


def test_complaints_are_told(cli, simulator):
    text = cli("show", simulator(extra="complaints: ['? ', /ERR \\d+/]\n")).stdout
    assert section(text, "time and failures")[2:4] == ['complaint "? "', "complaint /ERR \\d+/"]


def test_defaults_are_values_of_their_kind(cli, simulator):
    fields = (
        "{n: {find: 'n={int}', default: 3}, s: {find: 's={word}', default: '', values: ['', a]},"
        " v: {find: 'v={float}', default: 0}}"
    )
    path = simulator()
    text = pathlib.Path(path).read_text()
    start, end = text.index("fields:"), text.index("max_steps")
    pathlib.Path(path).write_text(text[:start] + f"fields: {fields}\nobservation: {{n: n}}\n" + text[end:])
    rows = {row.split()[0]: row.split()[-2:] for row in section(cli("show", path).stdout, "fields")[2:]}
    assert rows == {"n": ["is", "3"], "s": ["is", '""'], "v": ["is", "0"]}


WAYS = """
filebridge: 1
name: Ways
simulator: {{command: [sh], seed: none{simulator}}}
transport: {transport}
action: {{choices: 3}}
start: {start}
reset: {{write: {{deck.txt: "{{seed}}", plant.nml: {{namelist: {{plant: {{gain: "1.5"}}}}}}}}}}
step: {step}
fields: {{n: {{find: "{{int}}"{field}}}}}
observation: [n]
max_steps: 3
"""


@pytest.fixture
def ways(cli, tmp_path):
    def show(transport, step, start="[]", simulator="", field=""):
        (tmp_path / "base.inp").write_text("x = 1\n")
        path = tmp_path / "ways.yaml"
        path.write_text(WAYS.format(transport=transport, start=start, step=step, simulator=simulator, field=field))
        result = cli("show", str(path))
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return show


def head(text):
    lines = [line.split("  ") for line in text.split("\n\n")[0].splitlines()[1:]]
    return {line[1]: " ".join(part.strip() for part in line[2:] if part.strip()) for line in lines}


def test_a_process_for_each_step_is_told(ways):
    text = ways(
        "{files: {read: [out.txt, log.txt]}}",
        "{write: {deck.txt: '{action}', case.inp: {edit: base.inp, set: {x: '{action}'}}}}",
        simulator=", each: step, exit_ok: [0, 2], remember: 9}\ndeterministic: true #",
        field=", file: log.txt",
    )
    told = head(text)
    assert told["talks through"] == "files, a process for each step"
    assert told["goes well with"] == "exit code 0 or 2; 9 results remembered"
    assert told["answers in"] == "out.txt, log.txt"
    assert section(text, "reset (at the beginning of every episode)") == [
        'write deck.txt: "{seed}"',
        "write plant.nml: the namelist &plant",
        "wait for out.txt, log.txt after the end of the run",
    ]
    assert section(text, "step") == [
        'write deck.txt: "{action}"',
        "write case.inp: base.inp with 1 place replaced",
        "wait for out.txt, log.txt after the end of the run",
    ]
    assert section(text, "fields")[2].startswith('n find "{int}", in log.txt ')


def test_files_are_told_with_what_makes_them_whole(ways):
    text = ways(
        "{files: {read: obs.txt, flag: done, remove: true, watch: poll, every: 2 ms, fsync: true, lock_writes: busy}}",
        "{write: {act.txt: '{step} {action}'}, fresh: n == step}",
        start="[{}]",
    )
    told = head(text)
    assert told["talks through"] == "files"
    assert told["answers in"] == (
        "obs.txt; whole once done is there; removed before each action; looked at every 2 ms"
    )
    assert told["is told in"] == "files, on the disk before they get their name, busy is there meanwhile"
    assert section(text, "step") == [
        'write act.txt: "{step} {action}"',
        "wait for obs.txt, once done is there",
        "counts if n == step: any other reply is an old one",
    ]


def test_fifos_beside_a_console_are_told(ways):
    told = head(ways("{fifo: {write: in.fifo}, console: {}}", "{send: '{action}'}"))
    assert told["talks through"] == "files and FIFOs and console (pipes)"
    assert (told["reads the FIFO"], "writes the FIFO" in told) == ("in.fifo", False)


def test_a_full_screen_is_told(ways):
    text = ways(
        "{console: {terminal: true, screen: 100x30}}",
        "[{press: '<esc>{action}', cursor: [3, 7], silent: 100 ms}, {until: Score}]",
        start="[{}]",
    )
    assert head(text)["talks through"] == "files and full screen (100x30, raw terminal)"
    assert section(text, "start") == ["wait for silence of 30 ms after the last byte"]
    assert section(text, "step") == [
        'press "<esc>{action}"',
        "wait for the cursor in row 3, column 7",
        "or silence for 100 ms: the screen counts as it stands",
        'wait for "Score"',
    ]
