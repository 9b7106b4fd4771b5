import subprocess
import sys

import pytest
from typer.testing import CliRunner

from filebridge.cli.app import app

ECHO = """
import sys
{before}
print("ready", flush=True)
for line in sys.stdin:
    {body}
"""


@pytest.fixture
def cli():
    """Run a command in this process; the result has exit_code, stdout and stderr."""

    def run(*arguments, **options):
        result = CliRunner(env={"COLUMNS": "120"}).invoke(app, list(arguments), **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def program():
    """Run a command as a program of its own."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "filebridge", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, **options)

    return run


@pytest.fixture
def simulator(tmp_path):
    """Write the YAML of a simulator whose answer to a line is the given Python, and return its path."""

    def write(
        body="print('x', line.strip(), flush=True)", extra="", name="Echo", before="", command="", max_steps=4
    ):
        script = tmp_path / "echo.py"
        script.write_text(ECHO.format(body=body, before=before))
        path = tmp_path / "echo.yaml"
        seed = "0..9999" if command else "none"
        path.write_text(
            f"filebridge: 1\nname: {name}\n"
            f'simulator: {{command: ["${{python}}", "${{config}}/echo.py", {command}], seed: {seed}}}\n'
            "transport: {console: {}}\n"
            "action: {choices: [left, right, stay]}\n"
            "start: {until: /ready\\n/}\n"
            'step: {send: "{action}", until: "\\n"}\n'
            "fields: {x: {find: \"x {word}\", values: [left, right, stay], default: stay}}\n"
            f"observation: x\nmax_steps: {max_steps}\n"
            "deadlines: {start: 5 s, step: 0.3 s}\n" + extra
        )
        return str(path)

    return write
