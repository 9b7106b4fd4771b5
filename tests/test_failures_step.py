"""A simulator that fails in a step: the error says what happened and why, and the next reset works."""

from __future__ import annotations

import importlib.util
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from filebridge.errors import (
    ActionError,
    BridgeError,
    DecodeError,
    ExpressionError,
    MessageTooLarge,
    ParseError,
    SendBlocked,
    SimulatorExited,
    SimulatorTimeout,
    TransportError,
    UsageError,
    ValueOutOfRange,
)

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)


def failure(env, kind, action=1):
    """Reset, take a good step, and return the error of the second one; then a reset must work again."""
    env.reset()
    env.step(fake.act())
    number = fake.pid(env)
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        env.step(fake.act(action))
    took = time.monotonic() - begun
    error = caught.value
    assert type(error) is kind
    situation = error.situation
    assert (situation.simulator, situation.phase, situation.episode, situation.step, situation.pid) == (
        "Fake", "step", env._session.episode, 2, number
    )
    assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)
    with pytest.raises(UsageError, match=r"^step without a running episode"):
        env.step(fake.act())
    assert env.reset()[0].tolist() == [0]
    assert env.step(fake.act())[0].tolist() == [1]
    return error, took


def stepping(then, **keys):
    return fake.bridge(fake.MIDWAY + then, **keys)


@pytest.mark.parametrize("code", [0, 1])
def test_an_exit_in_a_step_is_told_with_its_code(code):
    with stepping(f'say("oops")\nnote("bad\\n")\nsys.exit({code})') as env:
        error, took = failure(env, SimulatorExited)
        assert took < 5, "the deadline is 10 s"
    assert (error.code, error.signal) == (code, None)
    assert error.what == f"the simulator ended in the middle of a step: exit code {code}"
    assert error.cure == (
        f"if its end is the end of the episode, say so: `until: [..., {{over: {{exit: {code}}}}}]`;"
        " otherwise see what was sent last"
    )
    situation = error.situation
    assert (situation.sent, situation.received, situation.stderr, situation.exit, situation.process) == (
        "1\\n", "oops", "bad\\n", f"exit code {code}", ""
    )


def test_an_exit_where_a_line_was_awaited_is_told_with_a_legal_cure():
    code = "say('x=0\\n> ')\nhear()\nsay('x=1\\n')\nsys.exit(0)"
    with fake.bridge(code, step=[{"send": "{action:.0f}", "lines": 2}]) as env:
        env.reset()
        with pytest.raises(SimulatorExited) as caught:
            env.step(fake.act())
    assert caught.value.cure == (
        "if its end is the end of the episode, say so: `lines: 2, until: {over: {exit: 0}}`;"
        " otherwise see what was sent last"
    )


def test_an_end_that_never_comes_where_nothing_else_is_awaited_is_told():
    until = {"over": {"exit": 0}}
    with fake.bridge(step=[{"send": "{action:.0f}", "until": until}], deadlines={"step": 0.1}) as env:
        env.reset()
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(fake.act())
    assert (caught.value.what, caught.value.cure) == (
        "no whole reply within 0.3 s: it said `>`, but nothing except its end is awaited here",
        "say how its reply ends otherwise: `lines: 1` beside `until`, or one more end in it",
    )


@pytest.mark.parametrize(("number", "name", "cure"), [
    (9, "SIGKILL",
     "SIGKILL came from outside, from the kernel's memory killer say; see `limits` and the machine's log"),
    (11, "SIGSEGV", "the program has crashed; see its stderr, and what was sent last"),
    (6, "SIGABRT", "the program has crashed; see its stderr, and what was sent last"),
])
def test_a_death_by_a_signal_is_told_with_its_name(number, name, cure):
    with stepping(f"os.kill(os.getpid(), {number})") as env:
        error, _ = failure(env, SimulatorExited)
    assert (error.code, error.signal, error.cure) == (None, number, cure)
    assert error.what == f"the simulator ended in the middle of a step: killed by {name} (signal {number})"
    assert error.situation.exit == f"killed by {name} (signal {number})"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_kill_in_the_middle_of_a_step_is_noticed_within_50_ms(terminal):
    with stepping("note('here')\ntime.sleep(99)", transport={"console": {"terminal": terminal}}) as env:
        delays = []
        # The best of several: the machine may be busy with something else in one of them.
        while min(delays, default=1) > 0.05 and len(delays) < 10:
            env.reset()
            env.step(fake.act())
            number, killed = fake.pid(env), []

            def kill(number=number, killed=killed):
                time.sleep(0.05)
                killed.append(time.monotonic())
                os.kill(number, signal.SIGKILL)

            thread = threading.Thread(target=kill)
            thread.start()
            with pytest.raises(SimulatorExited, match="killed by SIGKILL"):
                env.step(fake.act())
            delays.append(time.monotonic() - killed[0])
            thread.join()
        assert min(delays) <= 0.05


def test_a_death_between_two_steps_is_told_before_anything_is_sent():
    with fake.bridge() as env:
        env.reset()
        env.step(fake.act())
        number = fake.pid(env)
        os.kill(number, signal.SIGKILL)
        fake.until(lambda: fake.gone(number))
        with pytest.raises(SimulatorExited) as caught:
            env.step(fake.act())
        assert caught.value.what == "the simulator ended between two steps: killed by SIGKILL (signal 9)"
        assert (caught.value.signal, caught.value.situation.phase, caught.value.situation.step) == (9, "step", 2)


def test_a_death_before_the_first_step_is_no_failed_start():
    with fake.bridge() as env:
        env.reset()
        number = fake.pid(env)
        os.kill(number, signal.SIGKILL)
        fake.until(lambda: fake.gone(number))
        with pytest.raises(SimulatorExited, match="ended between two steps"):
            env.step(fake.act())


def test_a_death_does_not_wait_for_a_grandchild_that_holds_the_output():
    with stepping("import subprocess\nsubprocess.Popen(['sleep', '99'])\nos._exit(2)") as env:
        error, took = failure(env, SimulatorExited)
        assert took < 5, "the deadline is 10 s"
        assert error.code == 2


@pytest.mark.parametrize(("then", "cause", "cure", "state"), [
    ("while True: pass", "it is busy computing",
     "raise `deadlines`, or see whether the last thing sent makes it loop", "running (busy)"),
    ("time.sleep(99)", "it sleeps for a set time", "raise `deadlines`, or see why it waits", "sleeping for a set time"),
    ("os.kill(os.getpid(), signal.SIGSTOP)", "its process is stopped",
     "something sent it SIGSTOP; a terminal stop key in the input would too", "stopped by a signal"),
    ("hear()",
     "it said nothing to what was sent: it may wait for more input, or hold back its output in a buffer",
     "see `text: {line_end: ...}` and what was sent; `transport: {console: {terminal: true}}` against a buffer",
     "sleeping, reading its pipe"),
    ('say("x=2\\nContinue [y/n]: ")\nhear()', "it waits at another question: `Continue [y/n]: `",
     'answer it on the way, `answer: {"Continue [y/n]: ": "..."}`, or make it an end of the reply in `until`',
     "sleeping, reading its pipe"),
], ids=["busy", "asleep", "stopped", "silent", "question"])
def test_one_that_does_not_answer_fails_at_its_deadline_with_the_probable_cause(then, cause, cure, state):
    with stepping(then, deadlines={"step": 0.3}) as env:
        error, took = failure(env, SimulatorTimeout)
        assert 0.3 <= took < 5
        assert (error.what, error.cure) == (f"no whole reply within 0.3 s: {cause}", cure)
        assert (error.situation.process, error.situation.deadline, error.situation.sent) == (state, 0.3, "1\\n")
        assert error.situation.exit == ""


def until(text):
    return {"step": [{"send": "{action:.0f}", "until": ["> ", text]}]}


@pytest.mark.parametrize(("said", "keys", "what", "cure", "awaited"), [
    ("ENTER POWER:\n", until("Enter Power:\n"),
     "received `ENTER POWER:\\n` looks like the awaited `Enter Power:\\n`",
     "copy it exactly; spaces, line ends and capitals count", "`> ` or `Enter Power:\\n`"),
    ("x=2\nPasword: ", until({"asked": "Password: "}), "received `Pasword: ` looks like the awaited `Password: `",
     "copy it exactly; spaces, line ends and capitals count", "`> ` or asked: `Password: `"),
    ("not done yet\n", until("Done\n"), "it waits for input after `not done yet`",
     'make that an end, `until: [..., {wrong: "not done yet\\n"}]`', "`> ` or `Done\\n`"),
    ("What?\n", {}, "it waits for input after `What?`",
     'make that an end, `until: [..., {wrong: "What?\\n"}]`', "`> `"),
    ("What?\n", {"step": [{"send": "go", "lines": 2}]}, "it waits for input after `What?`",
     'its reply does not always end with 2 lines: use `until: [..., {wrong: "What?\\n"}]` in its place', "2 lines"),
    ("=> ", {"step": [{"send": "go", "lines": 1}]},
     "the end of its reply was never seen; the last line looks like `=> `",
     'its reply is held to end with 1 line: say `until: "=> "` if it ends so', "1 line"),
    ("> x=2\n", {"step": [{"send": ["a", "b", "c"], "until": "> "}]}, "it waits for input after `x=2`",
     'make that an end, `until: [..., {wrong: "x=2\\n"}]`', "2 more replies, each `> `"),
    ("x=2", {"step": [{"send": "go", "blank": True}]},
     "the end of its reply was never seen; the last line looks like `x=2`",
     'its reply is held to end with a blank line: say `until: "x=2"` if it ends so', "a blank line"),
    ("> ", {"step": [{"send": "go", "until": "> "}, {"send": "on", "until": "> "}]},
     "it said nothing to what was sent: it may wait for more input, or hold back its output in a buffer",
     "see `text: {line_end: ...}` and what was sent; `transport: {console: {terminal: true}}` against a buffer",
     "`> `"),
    ("> ", {"step": [{"send": "go", "until": "> "}, {"until": "> "}]},
     "it said nothing more, and this exchange sends nothing",
     "`send` what it waits for; or correct the end before this one, if that took what is awaited here;"
     " `transport: {console: {terminal: true}}` against a buffer", "`> `"),
], ids=["capitals", "spelling", "no word", "what", "what, lines", "lines", "list", "blank", "second", "unsent"])
def test_a_reply_that_does_not_end_is_shown_with_what_was_awaited(said, keys, what, cure, awaited):
    code = f"say('x=0\\n> ')\nhear()\nsay({said!r})\nwhile True: os.read(0, 99)"
    with fake.bridge(code, deadlines={"step": 0.2}, **keys) as env:
        env.reset()
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(fake.act())
    error = caught.value
    assert (error.what, error.cure) == (f"no whole reply within 0.6 s: {what}", cure)
    assert error.situation.awaited == awaited
    assert f"\n  awaited: {awaited}\n  received: " in str(error) or not error.situation.received


@pytest.mark.parametrize("slow", [False, True], ids=["between tries", "in a try"])
def test_a_repetition_without_success_is_told_with_its_condition_and_the_last_reply(slow):
    code = "say('x=0\\n> ')\nwhile True:\n    hear()\n    say('x=5\\n> ')"
    if slow:
        code = code.replace("say('x=5", "time.sleep(0.12)\n    say('x=5")
    step = [{"send": "{action:.0f}", "until": "> ", "repeat": {"until": "x == 7", "every": 0.01}}]
    with fake.bridge(code, deadlines={"step": 0.2}, step=step) as env:
        env.reset()
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(fake.act())
    error = caught.value
    assert re.fullmatch(r"no whole reply within 0.6 s: `x == 7` was not true after \d+ tries", error.what)
    assert (error.found, error.cure) == (
        "x=5\\n> ", "correct `repeat: {until: ...}`, or raise `deadlines: {step: ...}`"
    )


def test_a_repetition_that_ends_in_silence_is_told_as_both():
    code = "say('x=0\\n> ')\nhear()\nsay('x=5\\n> ')\nhear()\ntime.sleep(99)"
    step = [{"send": "{action:.0f}", "until": "> ", "repeat": {"until": "x == 7"}}]
    with fake.bridge(code, deadlines={"step": 0.2}, step=step) as env:
        env.reset()
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(fake.act())
    assert caught.value.what == (
        "no whole reply within 0.6 s: `x == 7` was not true after 1 try, then it sleeps for a set time"
    )


@pytest.mark.parametrize(("step", "said", "cure"), [
    ({"until": "> "}, "> ", "label the text it says last, `until: [..., {over: \"x=1 \\\"over\\\"> \"}]`,"),
    ({"lines": 1}, "\n", 'look for the text it says last, `fields: {over: {seen: "x=1 \\"over\\""}}`,'),
], ids=["until", "lines"])
def test_an_end_after_a_whole_reply_has_a_cure_that_can_work(step, said, cure):
    code = f"say('x=0\\n> ')\nhear()\nsay('x=1 \"over\"' + {said!r})"
    with fake.bridge(code, step=[{"send": "{action:.0f}", **step}]) as env:
        env.reset()
        env.step(fake.act())
        number = fake.pid(env)
        fake.until(lambda: fake.gone(number))
        with pytest.raises(SimulatorExited) as caught:
            env.step(fake.act())
    assert caught.value.what == "the simulator ended between two steps: exit code 0"
    assert caught.value.cure == f"its last reply was whole before it ended: {cure} and say `terminated: over`"
    assert (caught.value.between, caught.value.situation.awaited) == (True, "")


def test_a_deadline_is_kept_to_a_tenth_of_a_second():
    with stepping("time.sleep(99)", deadlines={"step": 0.3}) as env:
        excess, limit = [], time.monotonic() + 60
        # The best of several: the machine may be busy with something else.
        while min(excess, default=1) > 0.1 and time.monotonic() < limit:
            env.reset()
            env.step(fake.act())
            begun = time.monotonic()
            with pytest.raises(SimulatorTimeout) as caught:
                env.step(fake.act())
            excess.append(time.monotonic() - begun - 0.3)
            assert caught.value.situation.elapsed >= 0.3
        assert min(excess) >= 0
        assert min(excess) <= 0.1


@pytest.mark.parametrize("drip", [
    'while True:\n    say(".")\n    time.sleep(0.02)',
    'while True:\n    note(".")\n    time.sleep(0.001)',
], ids=["stdout", "stderr"])
def test_a_drip_does_not_put_off_the_deadline(drip):
    with stepping(drip, deadlines={"step": 0.3}) as env:
        _, took = failure(env, SimulatorTimeout)
        assert 0.3 <= took < 5


def test_one_that_ignores_every_polite_signal_is_ended_all_the_same():
    code = "for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n" + fake.COUNTER
    with fake.bridge(code, deadlines={"stop": 1}) as env:
        env.reset()
        number = fake.pid(env)
        begun = time.monotonic()
        env.close()
        assert 0.4 <= time.monotonic() - begun < 5
        assert fake.gone(number)


def test_what_it_started_is_gone_too_whatever_it_became():
    code = """
import subprocess
for n in range(50):
    subprocess.Popen(["sleep", "99"], start_new_session=n % 2 == 0)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)
        time.sleep(99)
    os._exit(0)
""" + fake.COUNTER
    with fake.bridge(code) as env:
        env.reset()
        fake.until(lambda: len(fake.inhabitants()) == 52)
        begun = time.monotonic()
        env.close()
        assert time.monotonic() - begun < 5
        assert fake.inhabitants() == []


DEAF = fake.MIDWAY.rpartition("hear()")[0]
TEN_TEXTS = {"action": {"text": {"max_length": 100_000}}, "step": [{"send": "{action}" * 10, "until": "> "}]}


def test_one_that_does_not_read_its_input_blocks_the_send():
    with fake.bridge(DEAF + "time.sleep(99)", deadlines={"step": 0.3}, **TEN_TEXTS) as env:
        env.reset()
        env.step("a")
        begun = time.monotonic()
        with pytest.raises(SendBlocked) as caught:
            env.step("b" * 100_000)
        assert 0.3 <= time.monotonic() - begun < 5
        assert caught.value.what == "the simulator did not read what was sent within 0.3 s"
        assert len(caught.value.situation.sent) <= 2100
        assert env.reset()[0].tolist() == [0]


@pytest.mark.parametrize("terminal", [False, True])
def test_one_that_talks_while_it_is_written_to_does_not_lock_up(terminal):
    code = """
say("x=0> ")
data = b""
while b"\\n" not in data:
    data += os.read(0, 5000)
    say("." * 5000)
say(f"x={len(data)}> ")
hear()
"""
    console = {"console": {"terminal": terminal}}
    with fake.bridge(code, transport=console, limits={"output": "8 MiB"}, **TEN_TEXTS) as env:
        env.reset()
        assert env.step("b" * 100_000)[0].tolist() == [1_000_001]


def test_one_that_closes_its_input_and_runs_on():
    with fake.bridge(DEAF + "os.close(0)\ntime.sleep(99)", **TEN_TEXTS) as env:
        env.reset()
        env.step("a")
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            env.step("b" * 100_000)
        assert time.monotonic() - begun < 5
        assert (caught.value.what, caught.value.found) == ("the simulator takes no more input", "Broken pipe")
        assert caught.value.cure == (
            "it closed its standard input and runs on: see what was sent before, which may have told it to"
        )


def test_ten_megabytes_on_stderr_do_not_block():
    code = 'say("x=0\\n> ")\nfor n in range(1, 9):\n    hear()\n    note("e" * 10_000_000)\n    say(f"x={n}\\n> ")'
    with fake.bridge(code) as env:
        env.reset()
        assert env.step(fake.act())[0].tolist() == [1]
        assert len(env._session.link.process.stderr_tail()) <= 8192


FLOOD = """
import resource, sys, time
sys.path.insert(0, sys.argv[1])
import simulated as fake
from filebridge.errors import MessageTooLarge
with fake.bridge(fake.MIDWAY + 'for n in range(16_384): say(b"." * 65536)') as env:
    before = 0
    times = []
    for _ in range(5):
        env.reset()
        env.step(fake.act())
        before = before or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.monotonic()
        try:
            env.step(fake.act())
        except MessageTooLarge as error:
            times.append(time.monotonic() - begun)
            text = error.what + " | " + error.found.partition(" ")[0]
    print(len(times), min(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    print(text)
"""


def test_a_gigabyte_without_an_end_is_refused_at_once_in_little_memory():
    command = [sys.executable, "-c", FLOOD, str(Path(__file__).parent / "fakes")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    times, message = run.stdout.splitlines()
    count, best, growth = map(float, times.split())
    assert (count, best < 1) == (5, True)
    assert growth < 2 * 1024 + 8 * 1024, "KiB: twice the limit on output, and 8 MiB"
    what, size = message.split(" | ")
    assert what == "no end of the message within 1048576 bytes"
    assert 1 << 20 < int(size) <= (1 << 20) + 65536


def test_a_message_that_is_too_large_is_told_with_its_tail():
    with stepping('say("." * 5000 + "end")\nhear()', limits={"output": 4096}) as env:
        error, _ = failure(env, MessageTooLarge)
    assert error.found == "5003 bytes without the end that the dialogue waits for"
    assert error.cure == (
        "correct `until` if the end was there, or raise `limits: {output: ...}` if messages are that large"
    )
    assert error.situation.received == "..." + "." * 2045 + "end"


@pytest.mark.parametrize(("text", "kind", "what"), [
    ("y=2", ParseError, "field x does not occur in the reply"),
    ("x=", ParseError, "field x does not occur in the reply"),
    ("x=nan", ValueOutOfRange, "field x is not finite"),
    ("x=1e999", ValueOutOfRange, "field x is not finite"),
    ("x=********", ParseError, None),
    ("x=77", ValueOutOfRange, "field x is outside its bounds"),
])
def test_a_value_that_is_none_is_refused(text, kind, what):
    with stepping(f'say("{text}\\n> ")\nhear()', fields={"x": {"find": "x={float}", "low": 0, "high": 9}}) as env:
        error, _ = failure(env, kind)
    assert what is None or error.what == what
    assert "x" in error.what
    assert error.situation.received == f"{text}\\n> "


def test_a_value_behind_an_end_that_came_too_early_is_not_blamed_on_its_field():
    with stepping('say("A > B, x=2\\n> ")\nhear()') as env:
        error, _ = failure(env, ParseError)
    assert error.what == "field x does not occur in the reply"
    assert error.cure == (
        "more came behind the end of this reply, `B, x=2\\n> `: end `until` with the last text before the program waits"
        '; else searched: find "x={int}"; correct that (fields.x), or give the field a `default` or `keep: true`'
    )


def test_bytes_that_are_no_text_are_refused_in_a_text_field():
    with stepping('say(b"x=2 w=\\xff\\xfe\\n> ")\nhear()',
                  fields={"x": {"find": "x={int}"}, "w": {"find": "w={line}", "default": "-"}}) as env:
        error, _ = failure(env, DecodeError)
    assert "\\xff\\xfe" in str(error)


def test_a_failing_expression_points_at_its_fault():
    with stepping('say("x=2\\n> ")\nhear()', reward="1 / (x - 2)", info={"number": "step"}) as env:
        error, _ = failure(env, ExpressionError)
    assert isinstance(error, ArithmeticError)
    assert "1 / (x - 2)" in str(error)
    assert "^" in str(error)
    assert "x = 2" in str(error)


def test_every_failure_can_be_pickled():
    with stepping("sys.exit(1)") as env:
        error, _ = failure(env, SimulatorExited)
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.code, twin.situation) == (str(error), 1, error.situation)


def test_a_line_that_a_cooked_terminal_would_cut_is_not_sent():
    keys = {"action": {"text": {"max_length": 10_000}}, "step": [{"send": "{action}", "until": "> "}]}
    with fake.bridge(transport={"console": {"terminal": "cooked"}}, **keys) as env:
        env.reset()
        with pytest.raises(ActionError) as caught:
            env.step("a" * 4096)
        assert str(caught.value) == (
            "a line is too long for a terminal with line editing\n"
            "  found: 4096 bytes; it takes 4095 and would drop the rest\n"
            "  cure: `transport: {console: {terminal: raw}}`, or shorter lines"
        )
        assert env.step("a" * 4095)[0].tolist() == [1]
    with fake.bridge(transport={"console": {"terminal": "raw"}}, **keys) as env:
        env.reset()
        assert env.step("a" * 9000)[0].tolist() == [1]


@pytest.mark.parametrize("character", ["\n", "\r", "\x03", "\x13", "\x04", "\x15", "\x00", "\x7f", "\x9b", "\u2028"])
def test_a_control_character_never_becomes_a_second_command(character):
    keys = {"action": {"text": {"max_length": 10, "charset": f"ab{character}"}}}
    with fake.bridge(step=[{"send": "{action}", "until": "> "}], **keys) as env:
        env.reset()
        with pytest.raises(ActionError) as caught:
            env.step(f"a{character}b")
        assert caught.value.what == "`action` holds a character that cannot be sent"
        assert env.step("ab")[0].tolist() == [1]


def test_an_action_that_fails_in_a_later_exchange_ends_the_process():
    keys = {"action": {"text": {"max_length": 10, "charset": "ab\n"}}}
    with fake.bridge(step=[{"send": "first", "until": "> "}, {"send": "{action}", "until": "> "}], **keys) as env:
        env.reset()
        number = fake.pid(env)
        with pytest.raises(ActionError):
            env.step("a\n")
        assert fake.gone(number)
        env.reset()
        assert env.step("a")[0].tolist() == [2]


def test_a_storm_of_signals_during_steps_has_no_effect():
    count = []
    old = signal.signal(signal.SIGALRM, lambda number, frame: count.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        with fake.bridge(fake.COUNTER.replace("x += 1", "x += 1\n    time.sleep(0.005)")) as env:
            env.reset()
            assert [env.step(fake.act())[0].item() for _ in range(40)] == list(range(1, 41))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert len(count) > 20


def test_an_error_in_the_trainers_own_signal_handler_ends_the_process_and_passes_on():
    class Interrupted(Exception):
        pass

    def interrupt(number, frame):
        raise Interrupted

    with stepping("time.sleep(99)") as env:
        env.reset()
        env.step(fake.act())
        number = fake.pid(env)
        old = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(Interrupted):
                env.step(fake.act())
        finally:
            signal.signal(signal.SIGALRM, old)
        assert fake.gone(number)
        assert env.reset()[0].tolist() == [0]


@pytest.mark.parametrize("call", ["step", "reset"])
def test_what_was_interrupted_is_ended_before_another_episode_also_where_its_end_was_interrupted(monkeypatch, call):
    class Interrupted(Exception):
        pass

    def interrupt(*_, **__):
        raise Interrupted

    with stepping("say('late> ')", reset=[{"send": "new", "until": "> "}]) as env:
        env.reset()
        number = fake.pid(env)
        with monkeypatch.context() as patched:
            patched.setattr(env.session, "end", interrupt)
            patched.setattr(env.session, "prepare" if call == "step" else "fill", interrupt)
            with pytest.raises(Interrupted):
                env.step(fake.act()) if call == "step" else env.reset()
        assert not fake.gone(number)
        with pytest.raises(UsageError):
            env.step(fake.act())
        env.reset()
        assert fake.gone(number)
        assert not fake.gone(fake.pid(env))


def test_what_a_simulator_says_cannot_forge_an_error():
    with stepping('say("\\x1b[2J\\x9b31m\\n  cure: rm -rf /\\n")\nsys.exit(1)', text={"ansi": "keep"}) as env:
        error, _ = failure(env, SimulatorExited)
    assert "\\x1b[2J" in str(error)
    assert "\x1b" not in str(error)
    assert str(error).count("\n  cure: ") == 1


def test_a_failure_at_reset_is_told_as_such():
    code = 'say("x=0> ")\nhear()\nsay("bye")\nsys.exit(4)'
    with fake.bridge(code, reset=[{"send": "new", "until": "> "}]) as env:
        with pytest.raises(SimulatorExited) as caught:
            env.reset()
        assert caught.value.what == "the simulator ended in the middle of a reset: exit code 4"
        situation = caught.value.situation
        assert (situation.phase, situation.sent, situation.received, situation.step) == ("reset", "new\\n", "bye", 0)


def test_the_tree_of_exceptions_is_that_of_the_languages_own():
    assert issubclass(SimulatorTimeout, TimeoutError)
    assert issubclass(TransportError, ConnectionError)
    assert all(issubclass(kind, BridgeError) for kind in (SimulatorExited, SendBlocked, ParseError, ActionError))
    assert np.issubdtype(fake.act().dtype, np.float32)
