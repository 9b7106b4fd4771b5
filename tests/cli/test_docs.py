import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("command", ["list", "show", "run", "bench", "check", "probe", "schema"])
def test_every_command_and_option_is_described(cli, command):
    told = cli(command, "--help").stdout
    options = set(re.findall(r"--[a-z-]+", told.split("Options:\n")[1].split("Examples:")[0])) - {"--help", "--json"}
    assert options <= set(re.findall(r"--[a-z-]+", SECTIONS[command]))
    assert f"    filebridge {command}" in SECTIONS[command]


def test_the_bytes_shown_are_those_of_the_program(cli):
    shown = cli("probe", "Lander", "--seed", "4", "--action", "12.5").stdout
    block = SECTIONS["probe"].split("    step, action 12.5\n")[1].split("\n\n")[0]
    for line in block.splitlines():
        assert line.removeprefix("    ") in shown
