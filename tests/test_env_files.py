"""A reply that does not come through files or FIFOs: the error names what was awaited, what is there, and the cure."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from filebridge.errors import Desync, SendBlocked, SimulatorExited, SimulatorTimeout

_spec = importlib.util.spec_from_file_location("foldered", Path(__file__).parent / "fakes" / "foldered.py")
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)

AGES = re.compile(r"\d+\.\d s old")
SECONDS = {"start": 20, "step": 1}


def late(code, before=side.MIDWAY, **keys):
    """Return what the error of the second step says, with the ages of files left out."""
    with side.bridge(before + code, deadlines=SECONDS, **keys) as env:
        env.reset()
        env.step(side.act())
        with pytest.raises(SimulatorTimeout) as caught:
            env.step(side.act())
    error = caught.value
    what = error.what.removeprefix("no whole reply within 1 s: ")
    return AGES.sub("N s old", what), AGES.sub("N s old", error.found), error.cure, error.situation


WHERE = (
    "it may wait for another file than act.txt; see where it writes, and under which name, `files: {read: ...}`;"
    " if it is only slow, raise `deadlines`"
)


def test_a_file_that_is_not_written_again():
    what, found, cure, situation = late("time.sleep(99)")
    assert what == "obs.txt was not written again: it is N s old, older than the action"
    assert found == "obs.txt, 10 bytes, N s old; no other new file"
    assert cure == WHERE
    assert situation.awaited == "obs.txt, closed after writing"
    assert situation.sent == "act.txt 4\\n2 1\\n"


def test_a_file_that_was_removed_and_is_not_there():
    what, found, cure, _ = late("time.sleep(99)", transport={"files": {"read": "obs.txt", "remove": True}})
    assert (what, found, cure) == ("obs.txt was not written", "no obs.txt; no other new file", WHERE)


def test_a_busy_program_is_said_to_be_busy():
    assert late("while True: pass")[0] == (
        "obs.txt was not written again: it is N s old, older than the action; the program is busy"
    )


def test_another_file_that_was_written_instead():
    what, found, cure, _ = late("put(reply(2), 'obs.dat'); put('', 'log'); time.sleep(99)")
    assert what == "obs.txt was not written again: it is N s old, older than the action, but obs.dat was"
    assert cure == "is that the reply? `files: {read: obs.dat}`"
    parts = found.split("; ")
    assert sorted(parts[1:]) == ["new: log, 0 bytes, N s old", "new: obs.dat, 10 bytes, N s old"]


def test_a_log_is_no_reply_where_the_action_lies_there_untaken():
    cure = late("put('RUN 1', 'plant.log'); put('2 1', 'act.txt'); time.sleep(99)")[2]
    assert cure == (
        "is that the reply? `files: {read: plant.log}`; if not, act.txt is still there: it may wait for another name,"
        " or another end of it"
    )


def test_a_file_that_is_never_closed():
    what, found, cure, _ = late("file = open('obs.txt', 'w'); file.write(reply(2)); file.flush(); time.sleep(99)")
    assert what == "obs.txt was written, 10 bytes, but not closed"
    assert found == "obs.txt, 10 bytes, N s old, open for writing; no other new file"
    assert cure == "if the program never closes it: `written: open`, and `framing: {lines: 1}` or `until`"


def test_a_file_that_stays_empty():
    what, _, cure, _ = late("put('', 'obs.txt'); time.sleep(99)")
    assert what == "obs.txt was made, but nothing was written to it"
    assert cure == "see why the program wrote nothing; if it is only slow, raise `deadlines`"


def test_a_file_that_is_written_in_place_where_a_rename_is_awaited():
    what, _, cure, situation = late(
        "put(reply(2)); time.sleep(99)", before=side.MIDWAY.replace("put", "swap"),
        transport={"files": {"read": "obs.txt", "written": "renamed"}},
    )
    assert (what, cure) == ("obs.txt was written in place, and not renamed", "`files: {written: closed}`")
    assert situation.awaited == "obs.txt, renamed into place"


def test_a_flag_that_is_missing():
    what, _, cure, situation = late(
        "put(reply(2)); time.sleep(99)", before=side.MIDWAY.replace("))\n", "))\nput('', 'done')\n"),
        transport={"files": {"read": "obs.txt", "flag": "done"}},
    )
    assert what == "obs.txt was written, but its flag done was not"
    assert cure == "correct `flag`, or leave it out if the program makes none"
    assert situation.awaited == "obs.txt, once done is there"


def test_a_lock_that_stays():
    what, found, cure, situation = late(
        "put('', 'busy'); put(reply(2)); time.sleep(99)", before=side.MIDWAY.replace("put", "swap"),
        transport={"files": {"read": "obs.txt", "lock": "busy"}},
    )
    assert what == "the lock busy is still there, N s old"
    assert found == "obs.txt, 10 bytes, N s old; busy, 0 bytes, N s old; no other new file"
    assert cure == "see why the program leaves it; a file that does not mean that it writes is no `lock`"
    assert situation.awaited == "obs.txt, once busy is gone"


def test_replies_that_are_old():
    what, found, cure, _ = late(
        "put(reply(1)); time.sleep(99)", step=[{"write": {"act.txt": "{step} {action:.0f}"}, "fresh": "seq == step"}]
    )
    assert what == "`seq == step` was not true of the 1 reply that came: it was taken for old"
    assert found == "seq=1 x=1\\n"
    assert cure == "correct `fresh`, or see why the program answers what it was told before"


def test_an_end_that_an_open_file_never_has():
    what, found, cure, situation = late(
        "put('seq=2 x=2 END'); time.sleep(99)", transport={"files": {"read": "obs.txt", "written": "open"}},
        framing={"lines": 1},
    )
    assert what == "the end of its reply was never seen; the last line looks like `seq=2 x=2 END`"
    assert found == "obs.txt, 13 bytes, N s old; no other new file"
    assert situation.awaited == "1 line, in obs.txt"
    assert cure == 'its reply is held to end with 1 line, in obs.txt: say `until: "seq=2 x=2 END"` if it ends so'


def test_a_program_that_ends_without_a_last_result():
    with side.bridge(side.MIDWAY + "sys.exit(0)") as env:
        env.reset()
        env.step(side.act())
        with pytest.raises(SimulatorExited) as caught:
            env.step(side.act())
    assert caught.value.cure == (
        "see its stderr, and what it was told last; where its end is that of the episode, its last result must say so,"
        " and `terminated` ask for it"
    )


def test_a_result_that_nobody_asked_for():
    with side.bridge(side.MIDWAY.replace("put(reply(1))", "swap(reply(1)); time.sleep(0.05); swap(reply(7))")) as env:
        env.reset()
        env.step(side.act())
        result = env._session.link.folder.path / "obs.txt"
        side.fake.until(lambda: result.read_text() == "seq=7 x=49\n")
        with pytest.raises(Desync) as caught:
            env.step(side.act())
    assert caught.value.found == "after the end of its last reply: seq=7 x=49\\n"
    assert caught.value.cure == (
        "tell replies from old ones with a number in them, `fresh: seq == step`, or say `leftover: drop` or"
        " `leftover: keep` where such output is normal"
    )


PIPES = """
import time
{first}
step = 0
while True:
    out.write(f"seq={{step}} x={{step}}\\n"); out.flush()
    {answer}
    step += 1
"""


def through(first, answer, kind=SimulatorTimeout, start=({},), **fifo):
    code = PIPES.format(first=first, answer=answer)
    keys = {
        "simulator": {"command": [*side.fake.PYTHON, "-c", code]},
        "transport": {"fifo": {"write": "in.fifo", "read": "out.fifo"} | fifo, "files": None},
        "start": list(start),
        "step": [{"send": "{action:.0f}"}],
        "deadlines": {"start": 20, "step": 0.3},
    }
    with side.bridge("", **keys) as env:
        env.reset()
        with pytest.raises(kind) as caught:
            env.step(side.act())
    return caught.value


def test_a_fifo_that_nobody_reads():
    error = through("out = open('out.fifo', 'w')", "time.sleep(99)")
    assert error.what == "no whole reply within 0.9 s: the program has not opened the FIFO in.fifo"
    assert error.cure == "see which name it is told, in `command` say, and which file it waits for"


def test_a_fifo_through_which_nothing_comes():
    error = through("out = open('out.fifo', 'w'); into = open('in.fifo')", "into.readline(); time.sleep(99)")
    assert error.what == (
        "no whole reply within 0.9 s: nothing has come through the FIFO: it may wait for more input, or hold back its"
        " output in a buffer"
    )


def test_a_fifo_that_takes_no_more():
    with side.bridge("", simulator={"command": [*side.fake.PYTHON, "-c", "import time; time.sleep(99)"]},
                     transport={"fifo": {"write": "in.fifo"}, "console": {}, "files": None}, start=[],
                     fields={"x": {"find": "x={int}", "default": 0}, "seq": {"compute": "step"}}, observation=["x"],
                     step=[{"send": "1" * 100000}], deadlines={"step": 0.3}) as env:  # fmt: skip
        env.reset()
        with pytest.raises(SendBlocked) as caught:
            env.step(side.act())
    assert caught.value.what.endswith(" s: the program has not opened the FIFO in.fifo")
