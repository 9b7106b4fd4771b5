"""Rules about the talk with the simulator: one reply for each action, and nothing that nobody asked for."""

from __future__ import annotations

from select import POLLHUP, POLLIN
from time import monotonic

from filebridge.check.rule import Broken, Finding, NotApplicable
from filebridge.check.subject import Subject, drawn, link_of
from filebridge.config.dialogues import draws_screen
from filebridge.env import BridgeEnv
from filebridge.errors import escaped
from filebridge.link import Link

__all__ = ["nothing_is_left_over", "resets_twice", "stray_output"]

STEPS = 5
SILENCE = 0.05
"""Seconds in which a stray reply would come."""


def nothing_is_left_over(subject: Subject) -> Finding:
    """Take a few steps, then listen for 50 ms: nothing is left of the replies, and nothing more comes.

    A full screen may be drawn at any time, and a process for each step does not live on to say more.
    """
    _refuse_restless(subject)
    with subject.env() as env:
        env.reset(seed=subject.seed)
        taken = _steps(env)
        link = link_of(env)
        left = _answering_nothing(link, bytes(link.dialogue.pending) + stray_output(link, SILENCE))
    if left.strip():
        cure = "end `until` with the last text before the program waits, or say `leftover: drop` or `leftover: keep`"
        if subject.program.rules.snapshots:
            cure = "tell old replies from new ones, `fresh: seq == step` say, or say `leftover: drop`"
        raise Broken(f"after {taken} steps it said, unasked: {escaped(left, 200)}", cure)
    return Finding(f"silent for {SILENCE * 1e3:.0f} ms after {taken} steps")


def _answering_nothing(link: Link, output: bytes) -> bytes:
    """Return ``output`` without the messages at its front that the configuration says to ignore."""
    ignored, cut = link.program.rules.ignored, link.dialogue.exchange.cut
    while output and ignored is not None:
        found = cut(output, 0)
        if found is None or not ignored(found[1].text(output, found[0])):
            break
        output = output[found[0] :]
    return output


def _refuse_restless(subject: Subject) -> None:
    config = subject.program.config
    if config.leftover != "refuse":
        raise NotApplicable(f"the configuration says `leftover: {config.leftover}`")
    if subject.program.rules.leftover != "refuse":
        if draws_screen(config):
            raise NotApplicable("a full screen is read as it stands, whatever was drawn in between")
        raise NotApplicable("datagrams that come in between are passed over")
    if config.simulator.each == "step":
        raise NotApplicable("with `each: step` no process lives between two steps")


def _steps(env: BridgeEnv) -> int:
    """Take a few steps, fewer if the episode ends; return how many."""
    for step in range(1, STEPS + 1):
        _, _, terminated, truncated, _ = env.step(drawn(env))
        if terminated or truncated:
            return step
    return STEPS


def stray_output(link: Link, seconds: float) -> bytes:
    """Return what the simulator says within ``seconds``, although nothing is sent to it."""
    until, output = monotonic() + seconds, b""
    while (remaining := until - monotonic()) > 0 and not link.output_ended:
        events = dict(link.poll(remaining * 1000.0))
        link.process.drain_stderr()
        if events.get(link.transport.fileno(), 0) & (POLLIN | POLLHUP):
            chunk = link.read()
            if chunk == b"":
                break
            output += chunk or b""
        elif link.process.exit() is not None:
            break
    return output


def resets_twice(subject: Subject) -> Finding:
    """Reset twice in a row, and in the middle of an episode: each begins an episode that can be stepped."""
    with subject.env() as env:
        env.reset(seed=subject.seed)
        env.reset()
        env.step(drawn(env))
        env.reset()
        env.step(drawn(env))
    return Finding()
