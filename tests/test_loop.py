"""The road of a repeated plain exchange is only shorter: it gives what the long one gives, whatever happens."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from unittest import mock

import pytest

import filebridge.loop
from filebridge.errors import BridgeError, Desync, SimulatorExited
from filebridge.loop import exchange

_spec = importlib.util.spec_from_file_location("simulated", Path(__file__).parent / "fakes" / "simulated.py")
fake = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake)

STEPS = 4
ENDS = {"until": ["> ", {"over": "! "}, {"left": {"exit": 3}}]}

# What stands in the loop of a simulator that has said its first prompt and counts in x the commands that it hears.
BEHAVIOURS = {
    "whole": 'say(f"x={x}\\n> ")',
    "two pieces": 'say(f"x={x}\\n"); time.sleep(0.01); say("> ")',
    "later": 'time.sleep(0.02); say(f"x={x}\\n> ")',
    "another end": 'say(f"x={x}\\n" + ("> " if x < 3 else "! "))',
    "line ends": 'say(f"x={x}\\r\\n> ")',
    "escapes": 'say(f"\\x1b[1mx={x}\\x1b[0m\\n> ")',
    "half an escape": 'say(f"x={x}\\n\\x1b["); time.sleep(0.01); say("1m> ")',
    "no value": 'say(f"x={x}\\n> " if x < 3 else "> ")',
    "surplus in one piece": 'say(f"x={x}\\n> " + ("more\\n" if x == 2 else ""))',
    "two replies in one piece": 'say(f"x={x}\\n> " * (1 + (x == 2)))',
    "a long stderr": 'note("e" * 200_000); say(f"x={x}\\n> ")',
    "ends unasked": 'say(f"x={x}\\n> ") if x < 3 else sys.exit(2)',
    "ends as expected": 'say(f"x={x}\\n> ") if x < 3 else sys.exit(3)',
    "last words": 'say(f"x={x}\\n> "); x == 4 and sys.exit(0)',
    "closes stdout": 'say(f"x={x}\\n> ") if x < 3 else (os.close(1), hear())',
    "closes stdin": 'x == 2 and os.close(0); say(f"x={x}\\n> "); x == 2 and time.sleep(60)',
    "too much": 'say(f"x={x}\\n> ") if x < 3 else say("y" * 5000)',
    "silent": 'say(f"x={x}\\n> ") if x < 3 else hear()',
}
MUTE = (BEHAVIOURS["silent"],)
"""Those for whose answer nothing but the deadline ends the wait."""


def simulator(behaviour):
    return f'x = 0\nsay("x=0\\n> ")\nwhile True:\n    hear()\n    x += 1\n    {behaviour}\n'


def bridge(behaviour, **keys):
    return fake.bridge(
        simulator(behaviour), step=[{"send": "{action:.0f}", **ENDS}], limits={"output": 4096},
        terminated="over or left", deterministic=True, deadlines={"step": 0.3 if behaviour in MUTE else 10}, **keys,
    )


def told(behaviour, road):
    """Return all that can be told of some steps on this road: what each gives, the row, the errors."""
    fields = {"x": {"find": "x={int}", "default": -1}}
    with mock.patch("filebridge.stepping.repeated", road), bridge(behaviour, fields=fields) as env:
        seen = [env.reset(seed=1)[0].tolist()]
        for number in range(STEPS):
            session = env._session
            try:
                observation, *rest = env.step(fake.act(number))
            except BridgeError as error:
                return [*seen, type(error), error.what, error.found]
            dialogue = session.link.dialogue
            seen.append((observation.tolist(), rest, dialogue.reply, bytes(dialogue.pending), dialogue.sent))
            seen.append((list(dialogue.row), dialogue.unmatched, dialogue.awaited, dialogue.phase_name))
            if session.over:
                break
        return seen


def long(link, phase, plain):
    return lambda seconds: exchange(link, phase, seconds)


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=list(BEHAVIOURS))
def test_both_roads_give_the_same(behaviour):
    assert told(behaviour, filebridge.loop.repeated) == told(behaviour, long)


def test_the_short_road_is_taken():
    with bridge(BEHAVIOURS["whole"]) as env:
        env.reset()
        env.step(fake.act())
        with mock.patch("filebridge.loop.exchange", side_effect=AssertionError("the long road")):
            assert [env.step(fake.act())[0].item() for _ in range(50)] == list(range(2, 52))


def test_a_reply_that_nobody_asked_for_is_seen_before_the_next_step():
    with bridge('say(f"x={x}\\n> ")\n    if x == 3: time.sleep(0.02); say("x=99\\n> "); note("said")') as env:
        env.reset()
        for _ in range(3):
            env.step(fake.act())
        process = env._session.link.process
        fake.until(lambda: (process.drain_stderr() or process.stderr_tail()) == b"said")
        with pytest.raises(Desync):
            env.step(fake.act())


def test_a_death_between_two_steps_is_told_before_anything_is_sent():
    with bridge('say(f"x={x}\\n> ")\n    if x == 3: sys.exit(4)') as env:
        env.reset()
        for _ in range(3):
            env.step(fake.act())
        assert env._session.link.await_exit(5.0)
        with pytest.raises(SimulatorExited, match="between"):
            env.step(fake.act())
