"""Rules about a simulator that is killed, for ``filebridge.check``: a death is reported as what it is, and got over.

``check("my_simulator.yaml", rules=CRASHES)`` tries them on any configuration whose simulator is a process.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from time import monotonic, sleep

from filebridge.check import Broken, Finding, Rule
from filebridge.check.rule import NotApplicable
from filebridge.check.subject import Subject, link_of
from filebridge.env import BridgeEnv
from filebridge.errors import SimulatorExited
from filebridge.link import Link
from filebridge.program.slots import STEP

__all__ = ["CRASHES"]

SOON = 1.0
"""Seconds in which a death is noticed; the deadlines are many times as long."""
TRIES = 200
"""Runs among which one is caught before its end."""


def between_steps(subject: Subject) -> Finding:
    """Kill the simulator while nothing is asked of it: the next step says so, and a reset starts another."""
    if _runs(subject):
        raise NotApplicable("each step has a process of its own, and between them there is none")
    with subject.env() as env:
        _begin(env)
        link = link_of(env)
        os.kill(link.process.pid, signal.SIGKILL)
        if not link.await_exit(SOON):
            raise Broken("the simulator outlives SIGKILL")
        return _reported(env, link.process.pid)


def within_a_step(subject: Subject) -> Finding:
    """Kill the simulator while a reply is awaited: the step says so at once, and a reset starts another."""
    with subject.env() as env:
        _begin(env)
        if _runs(subject):
            return _killed_run(env)
        link = link_of(env)
        # Stopped, it cannot reply before it is killed.
        os.kill(link.process.pid, signal.SIGSTOP)
        killer = threading.Thread(target=_kill_in_step, args=(link, link.dialogue.row[STEP]))
        killer.start()
        try:
            return _reported(env, link.process.pid)
        finally:
            killer.join()


def _runs(subject: Subject) -> bool:
    return subject.program.config.simulator.each == "step"


def _killed_run(env: BridgeEnv) -> Finding:
    """Kill runs until one is killed before its end; the step says so, and the next one has a run of its own."""
    for _ in range(TRIES):
        over = threading.Event()
        killer = threading.Thread(target=_kill_run, args=(link_of(env), over))
        killer.start()
        begun = monotonic()
        try:
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        except SimulatorExited as error:
            _judge(error, monotonic() - begun)
            env.reset()
            env.step(env.action_space.sample())
            return Finding(f"reported after {(monotonic() - begun) * 1000:.0f} ms")
        finally:
            over.set()
            killer.join()
        if terminated or truncated:
            env.reset()
    raise Broken(f"each of {TRIES} runs ended before it could be killed")


def _kill_run(link: Link, over: threading.Event) -> None:
    while not over.is_set():
        # Between two runs the number is 0, which would be this very process and its group.
        if (pid := link.process.pid) > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return


def _begin(env: BridgeEnv) -> None:
    """Begin an episode that is still on after its first step."""
    for _ in range(100):
        env.reset()
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if not (terminated or truncated):
            return
    raise Broken("each of 100 episodes ended with its first step")


def _kill_in_step(link: Link, step: object) -> None:
    until = monotonic() + SOON
    while link.dialogue.row[STEP] == step and monotonic() < until:
        sleep(0.001)
    os.kill(link.process.pid, signal.SIGKILL)


def _reported(env: BridgeEnv, pid: int) -> Finding:
    """Take a step with the simulator that is dead or dying, then two with another."""
    begun = monotonic()
    try:
        env.step(env.action_space.sample())
    except SimulatorExited as error:
        seconds = monotonic() - begun
        _judge(error, seconds)
    else:
        raise Broken("a step returns although the simulator is dead")
    env.reset()
    env.step(env.action_space.sample())
    if link_of(env).process.pid == pid:
        raise Broken("after the crash the dead process is used again")
    return Finding(f"reported after {seconds * 1000:.0f} ms")


def _judge(error: SimulatorExited, seconds: float) -> None:
    if (error.signal, error.code) != (signal.SIGKILL, None):
        raise Broken(f"the death is reported as code {error.code}, signal {error.signal}, not as signal 9")
    if error.situation is None or error.situation.phase != "step":
        raise Broken(f"the report does not say that it was in a step: {error}")
    if seconds > SOON:
        raise Broken(f"the death is reported after {seconds:.1f} s")


CRASHES = (
    Rule("a death between steps is reported", between_steps),
    Rule("a death within a step is reported", within_a_step),
)
