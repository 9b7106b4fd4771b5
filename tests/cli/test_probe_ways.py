"""What ``filebridge probe`` shows of files, of a process for each step, and of a full screen."""

from __future__ import annotations

import pytest

POLLING = """
import os, time
done = None
while True:
    try:
        with open("act.txt") as file:
            said = file.read()
    except FileNotFoundError:
        said = None
    if said != done and said and said.endswith("\\n"):
        done = said
        step, action = said.split()
        {answer}
    time.sleep(0.001)
"""
ANSWER = """
        def put(name, text):
            with open("new", "w") as file:
                file.write(text)
            os.replace("new", name)
        if step != "0":
            put("obs.txt", "0 9\\n")
            time.sleep(0.05)
        put("obs.txt", f"{step} {int(action) + 3}\\n")
"""
SCREEN = r"""
import sys, time, tty
tty.setraw(0)
n = 0
while True:
    sys.stdout.write(f"\x1b[H\x1b[2JScore: {n}\x1b[3;2Hé.@.")
    sys.stdout.flush()
    n += ord(sys.stdin.read(1)) - 48
"""


@pytest.fixture
def written(tmp_path):
    """Write a YAML and the Python program that it starts; return its path."""

    def write(code, yaml, simulator=""):
        (tmp_path / "program.py").write_text(code)
        path = tmp_path / "way.yaml"
        path.write_text(
            "filebridge: 1\nname: Way\n"
            f'simulator: {{command: ["${{python}}", -S, "${{config}}/program.py"], seed: none{simulator}}}\n'
            "action: {choices: 3}\nmax_steps: 9\ndeadlines: {start: 20, reset: 20, step: 20}\n" + yaml
        )
        return str(path)

    return write


def step_of(result):
    assert (result.exit_code, result.stderr) == (0, "")
    return [line.rstrip() for line in result.stdout.split("step, action")[1].splitlines()[1:]]


def test_a_file_that_is_written_and_each_that_is_read(cli, written):
    yaml = (
        "transport: {files: {read: obs.txt, written: renamed}}\n"
        'start: {write: {act.txt: "0 0"}}\nstep: {write: {act.txt: "{step} {action}"}, fresh: seq == step}\n'
        "fields: {seq: {column: 1, type: int}, x: {column: 2}}\nobservation: [x]\n"
    )
    step = step_of(cli("probe", written(POLLING.format(answer=ANSWER.strip()), yaml), "--action", "1"))
    assert step[:9] == [
        "  sent      act.txt 4\\n",
        "            1 1\\n",
        "  dropped   0 9\\n",
        "  received  1 4\\n",
        "            ~",
        "            seq",
        "              ~",
        "              x",
        "  not read  nothing: all of it has a meaning",
    ]
    assert "            x = 4" in step


def test_several_files_that_are_read(cli, written):
    code = (
        "action = open('in.txt').read().strip()\nopen('a.txt', 'w').write(f'A {action} 5\\n')\n"
        "open('b.txt', 'w').write('B 5 a.txt 7')\nprint('said')\n"
    )
    yaml = (
        "transport: {files: {read: [a.txt, b.txt]}}\nreset: {write: {in.txt: '2'}}\n"
        "step: {write: {in.txt: '{action}'}}\n"
        "fields: {a: {find: 'A {int}'}, b: {find: 'B {int}', file: b.txt}}\nobservation: [a, b]\n"
    )
    step = step_of(cli("probe", written(code, yaml, ", each: step"), "--action", "1"))
    assert step == [
        "  sent      in.txt 2\\n",
        "            1\\n",
        "  received  a.txt 6\\n",
        "            A 1 5\\n",
        "            ~~~",
        "            a",
        "            b.txt 11\\n",
        "            B 5 a.txt 7",
        "            ~~~",
        "            b",
        "  not read  5",
        "            a.txt 7",
        "  fields    a = 1",
        "            b = 5",
        "  observed  [1. 5.]",
        "  reward    0",
    ]


def test_a_screen_has_numbers_and_marks(cli, written):
    pytest.importorskip("pyte")
    yaml = (
        "transport: {console: {terminal: true, screen: 12x4}}\nstart: {until: '.@.'}\nstep: {press: '{action}'}\n"
        "fields:\n  score: {find: 'Score: {int}'}\n  eye: {find: 'é{word}'}\n  cursor: {screen: cursor}\n"
        "  board: {grid: {legend: {'.': 0, '@': 1}, rows: 1, columns: 3, first_row: 3, first_column: 3}}\n"
        "observation: {board: board, score: score}\n"
    ).replace("{word}", "{any}@{text}")
    step = step_of(cli("probe", written(SCREEN, yaml), "--action", "2"))
    assert step[0] == "  sent      2"
    assert step[1].startswith("  received  ")
    assert step[1].endswith(" bytes, drawn")
    assert step[2:8] == [
        "                    10",
        "            123456789012",
        "         1  Score: 2",
        "            ~~~~~~~~",
        "            score",
        "         2",
    ]
    assert "  cursor    row 3, column 6" in step
    assert "            cursor = [3, 6]" in step
    at = step.index("  observed  board =")
    assert step[at + 1 : at + 3] == ["            010", "            score = [2.]"]


def test_a_key_that_draws_nothing_is_told(cli, written):
    pytest.importorskip("pyte")
    yaml = (
        "transport: {console: {terminal: true, screen: 12x4}}\nstart: {until: '.@.'}\n"
        "step: {press: '{action}', silent: 50 ms}\nfields: {score: {find: 'Score: {int}'}}\nobservation: [score]\n"
    )
    key = "sys.stdin.read(1)"
    mute = SCREEN.replace(key, "key").replace("    n +=", f"    while (key := {key}) == '1':\n        pass\n    n +=")
    step = step_of(cli("probe", written(mute, yaml), "--action", "1"))
    assert step[:2] == ["  sent      1", "  received  nothing: the screen as it stands"]
    assert "  fields    score = 0" in step
