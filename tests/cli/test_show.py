import json


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
