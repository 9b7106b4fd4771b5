import json
import re
import subprocess
import sys

import pytest

from filebridge import __version__

COMMANDS = ["list", "show", "run", "bench", "check", "probe", "schema"]


def test_help_imports_no_heavy_library():
    code = (
        "import sys\n"
        "sys.argv = ['filebridge', '--help']\n"
        "from filebridge.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'numpy', 'gymnasium', 'pydantic', 'yaml', 'rich', 'jinja2', 'pexpect'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert result.stderr == ""
    assert "Put a legacy simulator behind the Gymnasium API with one YAML file." in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_teaches_with_an_example(cli, command):
    result = cli(command, "--help")
    assert result.exit_code == 0
    examples = result.stdout.split("Examples:\n")[1]
    assert re.match(rf"\s+filebridge {command}", examples)


def test_the_main_help_names_every_command(cli):
    text = cli("--help").stdout
    listed = [line.split()[0] for line in text.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
    assert listed == COMMANDS


def test_version(cli):
    assert cli("--version").stdout == f"filebridge {__version__}\n"


@pytest.mark.parametrize("arguments", ["--nonsense", "fly", "run", "run Lander --episodes 0", "check"])
def test_wrong_usage_is_exit_code_2_without_a_traceback(cli, arguments):
    result = cli(*arguments.split())
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["show", "run", "bench", "probe"])
def test_an_unknown_name_is_answered_with_the_nearest(cli, command):
    result = cli(command, "Landr")
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "no simulator is called Landr"
    assert lines[1].startswith("  found: bundled are ")
    assert lines[2:] == ["  cure: did you mean Lander?"]


@pytest.mark.parametrize("command", ["show", "run", "bench", "probe"])
def test_mistakes_of_a_yaml_are_shown_with_line_and_caret(cli, simulator, command):
    path = simulator(extra="rewards: 0\n")
    result = cli(command, path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "echo.yaml:12:1: rewards: an unknown key\n   12 | rewards: 0\n      | ^^^^^^^\n" in result.stderr
    assert result.stderr.rstrip().endswith("did you mean: reward")


def test_a_program_of_its_own(program):
    result = program("show", "Landr")
    assert result.returncode == 2
    assert result.stderr.startswith("no simulator is called Landr\n")


def test_list(cli):
    rows = json.loads(cli("list", "--json").stdout)
    lander = next(row for row in rows if row["name"] == "Lander")
    assert lander["id"] == "filebridge/Lander-v0"
    assert lander["talk"] == "console (pipes)"
    assert lander["installed"] is True
    assert lander["install"] == ""
    table = cli("list").stdout
    assert all(row["name"] in table for row in rows)


def test_list_says_how_to_install_what_is_missing(cli, monkeypatch, tmp_path):
    config = tmp_path / "Ghost.yaml"
    config.write_text(
        "filebridge: 1\nname: Ghost\n"
        "simulator: {command: [no-such-program], install: apt-get install ghost, seed: none}\n"
        "transport: {console: {}}\naction: {choices: 2}\nstep: {send: '{action}'}\nobservation: step\nmax_steps: 2\n"
    )
    monkeypatch.setattr("filebridge.config.find.folder", lambda: tmp_path)
    (row,) = json.loads(cli("list", "--json").stdout)
    assert (row["installed"], row["install"]) == (False, "install with: apt-get install ghost")
    assert "no; install with: apt-get install ghost" in cli("list").stdout


def test_schema(cli, tmp_path):
    schema = json.loads(cli("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "simulator" in schema["properties"]
    file = tmp_path / "schema.json"
    assert cli("schema", "--write", str(file)).stdout == ""
    assert json.loads(file.read_text()) == schema


def test_a_schema_that_cannot_be_written(cli, tmp_path):
    result = cli("schema", "--write", str(tmp_path))
    assert result.exit_code == 1
    cure = "cure: name a file in a folder of yours"
    assert result.stderr == f"{tmp_path} cannot be written\n  found: Is a directory\n  {cure}\n"
