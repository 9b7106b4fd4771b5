"""Every kind of dialogue with real processes, their output whole or in pieces of one byte."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from filebridge.errors import Desync, MessageTooLarge, SimulatorExited

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

PIECES = """
whole = say
def say(text):
    data = text.encode() if isinstance(text, str) else text
    for n in range(len(data)):
        whole(data[n:n + 1])
        time.sleep(0.001)
"""


@pytest.fixture(params=["whole", "pieces"])
def bridge(request):
    """Give ``fake.bridge``, for a simulator that writes whole messages or single bytes."""
    return lambda code, **keys: fake.bridge((PIECES if request.param == "pieces" else "") + code, **keys)


def episode(env, steps=3):
    return [env.reset()[0].tolist()] + [env.step(fake.act(n + 1))[0].tolist() for n in range(steps)]


def test_a_literal_and_a_regular_expression_end_a_reply(bridge):
    code = 'x = 0\nwhile True:\n    say(f"x={x}\\n[{x}]> ")\n    hear()\n    x += 1'
    for until in ("]> ", r"/\[\d+\]> /", [r"/\[\d+\]> /", "never"]):
        with bridge(code, start=[{"until": until}], step=[{"send": "go", "until": until}]) as env:
            assert episode(env) == [[0], [1], [2], [3]]


def test_the_label_of_the_end_is_a_flag_of_that_reply_alone(bridge):
    code = 'say("x=0\\n> ")\nfor end in ("> ", "LOW ", "HIGH ", "> "):\n    hear()\n    say("x=1\\n" + end)\nhear()'
    ends = ["> ", {"low": "LOW "}, {"high": "/H[A-Z]GH /"}]
    with bridge(code, step=[{"send": "go", "until": ends}], observation=["low", "high"]) as env:
        assert episode(env, 4) == [[0, 0], [0, 0], [1, 0], [0, 1], [0, 0]]


def test_questions_on_the_way_are_answered(bridge):
    code = """
say("Instructions? (y-n) ")
x = 1 if hear() == "n" else -1
say("Level? ")
x += 1 if hear() == "3" else -1
say(f"x={x}\\n> ")
while True:
    hear()
    say("one\\n--More--")
    hear()
    say("two\\n--More--")
    hear()
    x += 1
    say(f"x={x}\\n> ")
"""
    with bridge(code, start=[{"until": "> ", "answer": {"Instructions? (y-n) ": "n", "/L[a-z]+\\? /": 3}}],
                step=[{"send": "go", "until": "> ", "answer": {"--More--": ""}}]) as env:
        assert episode(env, 2) == [[2], [3], [4]]
        assert env._session.link.dialogue.reply == b"one\n--More--two\n--More--x=4\n> "


def test_two_questions_that_come_in_one_piece_get_both_answers(bridge):
    code = 'say("a? b? ")\nx = int(hear() + hear())\nsay(f"x={x}\\n> ")\nhear()'
    with bridge(code, start=[{"until": "> ", "answer": {"a? ": "1", "b? ": "2"}}]) as env:
        assert env.reset()[0].tolist() == [12]


def test_an_endless_pager_is_refused_by_the_limit_on_output():
    code = 'say("x=0\\n> ")\nhear()\nwhile True:\n    say("." * 1000 + "--More--")\n    hear()'
    with fake.bridge(code, step=[{"send": "go", "until": "> ", "answer": {"--More--": ""}}],
                     limits={"output": "64 KiB"}) as env:
        env.reset()
        with pytest.raises(MessageTooLarge, match="no end of the message within 65536 bytes"):
            env.step(fake.act())


@pytest.mark.parametrize(("framing", "text"), [
    ({"lines": 1}, "x={x}\\n"),
    ({"lines": 3}, "one\\nx={x}\\nthree\\n"),
    ({"blank": True}, "x={x}\\nmore\\n \\n"),
    ({"bytes": 12}, "x={x}........."),
    ({"quiet": "80 ms"}, "x={x}\\nno end"),
    ({}, "x={x}\\n"),
], ids=str)
def test_other_ends_of_a_reply(bridge, framing, text):
    code = f'x = 0\nwhile True:\n    say(f"{text}")\n    hear()\n    x += 1'
    with bridge(code, start=[{}], step=[{"send": "go"}], framing=framing) as env:
        assert episode(env) == [[0], [1], [2], [3]]


def test_silence_is_a_reply_where_it_is_normal(bridge):
    code = """
say("ready> ")
x = 0
while True:
    line = hear()
    if line == "show":
        say(f"x={x}> ")
    elif int(line) > 4:
        say("loud> ")
    x += 1
"""
    step = [{"send": "{action:.0f}", "until": "> ", "silent": "60 ms"}, {"send": "show", "until": "> "}]
    with bridge(code, start=[{"until": "> "}, {"send": "show", "until": "> "}], step=step) as env:
        assert env.reset()[0].tolist() == [0]
        begun = time.monotonic()
        assert env.step(fake.act(1))[0].tolist() == [2]
        assert time.monotonic() - begun >= 0.06
        assert env.step(fake.act(5))[0].tolist() == [4]


def test_chatter_on_stderr_does_not_put_off_silence():
    code = """
import threading
def chatter():
    while True:
        note("busy\\n")
        time.sleep(0.01)
say("x=0> ")
threading.Thread(target=chatter, daemon=True).start()
while True:
    hear()
"""
    with fake.bridge(code, step=[{"send": "go", "until": "> ", "silent": "50 ms"}], deadlines={"step": 3},
                     fields={"x": {"find": "x={int}", "keep": True}}) as env:
        env.reset()
        begun = time.monotonic()
        assert env.step(fake.act())[0].tolist() == [0]
        assert 0.05 <= time.monotonic() - begun < 2


def test_several_lines_at_once_await_as_many_replies(bridge):
    code = 'x = 0\nsay("x=0> ")\nwhile True:\n    x += int(hear())\n    say(f"x={x}> ")'
    with bridge(code, step=[{"send": ["1", "{action:.0f}", "100"], "until": "> "}]) as env:
        assert episode(env, 2) == [[0], [102], [205]]
        assert env._session.link.dialogue.reply == b"x=103> \nx=105> \nx=205> "


def test_an_exchange_takes_place_only_when(bridge):
    code = 'x = 0\nsay("x=0> ")\nwhile True:\n    x += 10 if hear() == "extra" else 1\n    say(f"x={x}> ")'
    step = [{"send": "go", "until": "> "}, {"send": "extra", "until": "> ", "when": "x % 2 == 0"}]
    with bridge(code, step=step) as env:
        assert episode(env, 4) == [[0], [1], [12], [13], [24]]


def test_a_command_is_repeated_until_the_reply_is_the_awaited_one(bridge):
    code = """
x = 0
say("x=0 ready=1> ")
while True:
    hear()
    for tries in range(3):
        say(f"x=-1 ready=0> ")
        hear()
    x += 1
    say(f"x={x} ready=1> ")
"""
    step = [{"send": "go", "until": "> ", "repeat": {"until": "ready == 1", "every": "10 ms"}}]
    fields = {"x": {"find": "x={int}"}, "ready": {"find": "ready={int}"}}
    with bridge(code, step=step, fields=fields) as env:
        begun = time.monotonic()
        assert episode(env, 2) == [[0], [1], [2]]
        assert time.monotonic() - begun >= 0.06
        assert env._session.link.dialogue.reply == b"x=2 ready=1> "


def test_the_echo_of_what_was_sent_is_removed_once(bridge):
    code = """
x = 0
say("x=0> ")
while True:
    line = hear()
    x += 1
    say(line + "\\n" + line + f" x={x}> ")
"""
    with bridge(code, text={"echo": "strip"}, step=[{"send": ["9!", "y"], "until": "> "}]) as env:
        assert episode(env, 2) == [[0], [2], [4]]
        assert env._session.link.dialogue.reply == b"9! x=3> \ny x=4> "


def test_the_echo_of_a_cooked_terminal_is_removed(bridge):
    code = """
import termios
modes = termios.tcgetattr(0)
modes[3] |= termios.ECHO
termios.tcsetattr(0, termios.TCSANOW, modes)
x = 0
say("x=0> ")
while True:
    hear()
    x += 1
    say(f"x={x}> ")
"""
    with bridge(code, transport={"console": {"terminal": "cooked"}}, text={"echo": "strip"}) as env:
        assert episode(env, 2) == [[0], [1], [2]]
        assert env._session.link.dialogue.reply == b"x=2> "


@pytest.mark.parametrize("terminal", [True, "cooked"])
def test_a_terminal_works_like_a_pipe(bridge, terminal):
    code = fake.COUNTER.replace("x = 0", "x = 0 if os.isatty(0) and os.isatty(1) else 100", 1)
    with bridge(code, transport={"console": {"terminal": terminal}}) as env:
        assert episode(env) == [[0], [1], [2], [3]]


def test_colours_and_line_ends_are_cleaned(bridge):
    code = """
x = 0
say("\\x1b]0;title\\x07\\x1b[1;31mx=0\\x1b[0m\\r\\n\\x1b[32m> \\x1b[0m")
while True:
    hear()
    x += 1
    say(f"10%\\r50%\\r100%\\r\\nx=\\x1b[1m{x}\\x1b[0m\\r\\n> ")
"""
    with bridge(code, leftover="refuse") as env:
        assert episode(env, 2) == [[0], [1], [2]]
        assert env._session.link.dialogue.reply == b"10%\n50%\n100%\nx=2\n> "


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp037", "latin-1"])
def test_encodings_are_spoken_both_ways(bridge, encoding):
    code = f"""
code = "{encoding}"
end = "\\n".encode("utf-16-le" if code == "utf-16" else code)
def read():
    data = b""
    while not data.endswith(end):
        data += os.read(0, 1)
    return data.decode("utf-16-le" if code == "utf-16" else code)
x = 0
say(f"x=0 \u00e9\\n> ".encode(code))
while True:
    x += int(read())
    say(f"x={{x}} \u00e9\\n> ".encode("utf-16-le" if code == "utf-16" else code))
"""
    with bridge(code, text={"encoding": encoding}) as env:
        assert episode(env) == [[0], [1], [3], [6]]


def test_the_end_of_the_process_may_be_the_end_of_the_episode(bridge):
    code = 'say("x=0> ")\nhear()\nsay("x=1> ")\nhear()\nsay("x=2 bye")\nsys.exit(3)'
    step = [{"send": "go", "until": ["> ", {"over": {"exit": [0, 3]}}]}]
    with bridge(code, step=step, terminated="over") as env:
        for _ in range(2):
            env.reset()
            assert env.step(fake.act())[2] is False
            observation, _, terminated, *_ = env.step(fake.act())
            assert (observation.tolist(), terminated) == ([2], True)


@pytest.mark.parametrize("framing", [{"quiet": "50 ms"}, {"until": "> "}, {"until": {"over": "! ", "more": "> "}}])
def test_exit_codes_alone_are_added_to_the_ends_of_the_common_framing(framing):
    code = 'say("x=0> ")\nhear()\nsay("x=1> ")\nhear()\nsay("x=2 bye")\nsys.exit(3)'
    step = [{"send": "go", "until": {"over": {"exit": [0, 3]}}}]
    with fake.bridge(code, start=[{}], framing=framing, step=step, terminated="over") as env:
        env.reset()
        steps = [env.step(fake.act()) for _ in range(2)]
        assert [(observed.tolist(), ended) for observed, _, ended, *_ in steps] == [([1], False), ([2], True)]


def test_in_stop_the_end_of_the_program_is_awaited_and_nothing_else(tmp_path):
    code = """
say("x=0> ")
hear()
say("bye> ")
time.sleep(0.1)
open(sys.argv[2], "w").write("saved")
"""
    stop = [{"send": "quit", "until": {"gone": {"exit": 0}}}]
    saved = tmp_path / "saved"
    simulator = {"command": [*fake.PYTHON, fake.CONSOLE, code, str(saved)], "seed": "none"}
    with fake.bridge(simulator=simulator, start=[{}], framing={"until": "> "}, stop=stop) as env:
        env.reset()
    assert saved.read_text() == "saved"


def test_an_awaited_end_that_comes_between_two_steps_is_no_reply_to_the_next():
    code = 'say("x=0> ")\nsay("x=5 bye")\nsys.exit(0)'
    step = [{"send": "go", "until": ["> ", {"over": {"exit": 0}}]}]
    with fake.bridge(code, step=step, terminated="over", leftover="keep") as env:
        env.reset()
        number = fake.pid(env)
        fake.until(lambda: fake.gone(number))
        with pytest.raises(SimulatorExited, match="ended between two steps: exit code 0"):
            env.step(fake.act())


def test_an_awaited_end_may_come_while_the_command_is_written():
    code = 'say("x=0> ")\nos.read(0, 10)\nos.write(1, b"x=5 bye")\nos._exit(0)'
    step = [{"send": "x" * 300_000, "until": ["> ", {"over": {"exit": 0}}]}]
    with fake.bridge(code, step=step, terminated="over") as env:
        env.reset()
        observation, _, terminated, *_ = env.step(fake.act())
        assert (observation.tolist(), terminated) == ([5], True)


LEFTOVER = 'say("x=0> ")\nx = 0\nwhile True:\n    hear()\n    x += 1\n    say(f"x={x}> and more> ")\n'


def test_output_that_answers_nothing_is_refused():
    with fake.bridge(LEFTOVER) as env:
        env.reset()
        env.step(fake.act())
        with pytest.raises(Desync) as caught:
            env.step(fake.act())
        assert str(caught.value).startswith(
            "the simulator said more than was asked for\n  found: after the end of its last reply: and more> \n"
        )
        assert (caught.value.situation.phase, caught.value.situation.step) == ("step", 2)
        assert env.reset()[0].tolist() == [0]


def test_output_that_answers_nothing_may_be_dropped_or_kept():
    with fake.bridge(LEFTOVER, leftover="drop") as env:
        assert episode(env) == [[0], [1], [2], [3]]
    code = 'say("x=0> x=1> x=2> ")\nwhile True: hear()'
    with fake.bridge(code, leftover="keep") as env:
        assert episode(env, 2) == [[0], [1], [2]]


def test_white_space_left_over_is_dropped():
    with fake.bridge('x = 0\nwhile True:\n    say(f"x={x}> \\n\\n")\n    hear()\n    x += 1') as env:
        assert episode(env) == [[0], [1], [2], [3]]


STRAY = """
say("x=0> ")
hear()
say("x=1> ")
for n in range({count}):
    time.sleep(0.02)
    say("x=7> " * {size})
note("said")
hear()
say("x=2> ")
hear()
"""


def wait_for_stray(env):
    link = env._session.link
    fake.until(lambda: (link.process.drain_stderr() or link.process.stderr_tail()) == b"said")


def test_a_late_second_reply_is_never_taken_for_the_next_one():
    with fake.bridge(STRAY.format(count=1, size=1)) as env:
        env.reset()
        env.step(fake.act())
        wait_for_stray(env)
        with pytest.raises(Desync) as caught:
            env.step(fake.act())
        assert caught.value.found == "after the end of its last reply: x=7> "
        assert caught.value.situation.received == "x=7> "
        assert caught.value.situation.sent == "1\\n"
        env.reset()
        assert env.step(fake.act())[0].tolist() == [1]


def test_a_line_end_too_many_is_known_by_the_answer_to_it():
    code = 'say("x=0> ")\nhear()\nsay("x=1> ")\nhear()\nsay("x=2> ")\nnote("said")\nhear()'
    with fake.bridge(code, step=[{"send": "go\n", "until": "> "}]) as env:
        env.reset()
        env.step(fake.act())
        wait_for_stray(env)
        with pytest.raises(Desync) as caught:
            env.step(fake.act())
        assert "take the line end out of `send`, which adds one by itself" in caught.value.cure


def test_all_of_a_long_stray_output_is_dropped_where_that_is_wanted():
    with fake.bridge(STRAY.format(count=1, size=12_000), leftover="drop") as env:
        env.reset()
        env.step(fake.act())
        wait_for_stray(env)
        assert env.step(fake.act())[0].tolist() == [2]


APIECE = """
said = {"a": "T=12", "b": "34 \\n", "c": "> ", "d": "VAL 5\\nROW 1 2\\n> ", "f": "RATE=", "q": "ok? "}
said["e"] = "\\n" + said["d"]
say("> ")
while True:
    line = hear()
    say(said.get(line, "VAL 6\\n> "))
    if line == "f":
        say("7\\n> ")
"""


@pytest.mark.parametrize("before", [
    [], [{"send": "c", "until": "> "}], [{"send": ["c", "c"], "until": "> "}], [{"send": "c", "quiet": "30 ms"}],
    [{"send": "a", "bytes": 4}, {"send": "b"}, {"send": "c", "until": "> "}],
], ids=["nothing", "a prompt", "two prompts", "silence", "bytes"])
@pytest.mark.parametrize("last", [
    {"send": "d"}, {"send": "e"}, {"send": "q", "answer": {"ok? ": "d"}}, {"send": ["c", "d"]},
    {"send": "d", "quiet": "30 ms"},
], ids=["plain", "own line end", "question", "list", "silence"])
def test_a_field_that_works_in_one_exchange_works_behind_others(bridge, before, last):
    begins = "/^(?:ok\\? )?VAL (\\d+)/"
    fields = {
        "x": {"find": "x={int}", "default": 0},
        "val": {"regex": begins, "default": 0} if "answer" in last else {"find": "\nVAL {int}", "default": 0},
        "same": {"regex": begins, "default": 0},
        "row": {"find": "\nROW {int} {int}", "default": [0, 0]},
        "third": {"column": 3, "line": -2, "default": 0},
    }
    step = [*before, last if "quiet" in last else {**last, "until": "> "}]
    with bridge(APIECE, step=step, fields=fields, observation=["val", "same", "row", "third"], reward=0) as env:
        env.reset()
        assert env.step(fake.act())[0].tolist() == [5, 5, 1, 2, 2]


def test_an_exchange_that_sends_nothing_goes_on_in_the_line_of_the_one_before():
    step = [{"send": "f", "until": "RATE="}, {"until": "> "}]
    with fake.bridge(APIECE, step=step, fields={"x": {"find": "RATE={int}", "default": 0}}) as env:
        env.reset()
        assert env.step(fake.act())[0].tolist() == [7]
        assert env.session.link.dialogue.reply == b"RATE=7\n> "
