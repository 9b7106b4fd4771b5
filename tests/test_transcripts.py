"""The recorded talks of the real programs, cut at any bytes, give the same values; no process, no wait, no clock.

What is run is the environment itself; only the link and the loop are replaced by ones that read a transcript. When a
configuration changes what is said, record again: python tests/transcripts/record.py NAME.
"""

from __future__ import annotations

import importlib.util
import json
import re
import warnings
from collections import deque
from contextlib import ExitStack, closing
from functools import cache
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from filebridge import BridgeEnv, SeedWarning, load_program
from filebridge.transports.recording import Replay, ReplayedProcess, read_transcript
from filebridge.wire.dialogue import DONE

FOLDER = Path(__file__).with_name("transcripts")
_spec = importlib.util.spec_from_file_location("record", FOLDER / "record.py")
recording = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording)

NAMES = list(recording.EPISODES)
TEXTS = [name for name in NAMES if name != "ModbusTcp"]
ENDING = {"Lander", "Wump", "BasicLander", "SpimLander", "Shop"}
program = cache(load_program)


@cache
def calls(name):
    return [json.loads(line) for line in (FOLDER / name / "calls.jsonl").read_text("ascii").splitlines()]


@cache
def processes(name):
    """Return the turns of each process in the order of their starts: what was sent, and all that came then."""

    def number(path):
        return int(path.stem.rpartition("episode")[2])

    return [turns(read_transcript(path)) for path in sorted((FOLDER / name).glob(f"{name}-*.jsonl"), key=number)]


def turns(records):
    found = [[b"", b""]]
    for record in records:
        if record.direction == "sent":
            if found[-1][1] or len(found) == 1:
                found.append([b"", b""])
            found[-1][0] += record.data
        elif record.direction == "received":
            found[-1][1] += record.data
    return found


class RecordedLink:
    """A link to what a process said once; ``cut`` says in which pieces."""

    def __init__(self, name, recorded, cut):
        self.program, self.dialogue, self.process = program(name), program(name).dialogue(), ReplayedProcess()
        self.transcript, self.seat, self.begun, self.deadline = None, 0, 0.0, 0.0
        self.alive, self.first_step = True, False
        self.transport = SimpleNamespace(openings=())
        self._turns, self._cut, self._sent = deque(recorded), cut, b""
        self.pieces = deque(cut(self._turns.popleft()[1]))

    def send(self, command):
        self._sent += command
        due = self._turns[0][0]
        assert due.startswith(self._sent), f"sent {self._sent!r}, recorded {due!r}"
        if self._sent == due:
            self._sent = b""
            self.pieces += self._cut(self._turns.popleft()[1])

    def finished(self):
        """Whether all that was recorded has been said; the end of a line may come after the end of a reply."""
        while self.pieces:
            self.dialogue.stray(self.pieces.popleft())
        return not self._turns and not self.dialogue.pending.strip()

    def close(self, deadline, grace=0.0):
        self.alive = False


def converse(link, phase, seconds):
    """Hold a dialogue as the loop does, with time that passes only when nothing more comes."""
    dialogue = link.dialogue
    while link.pieces and not phase.unprompted:
        dialogue.stray(link.pieces.popleft())
    result = dialogue.begin(phase)
    begun = False
    while result is not DONE:
        if result:
            link.send(result)
            result = None
        elif dialogue.pending and not begun:
            result = dialogue.receive(b"")
        elif link.pieces:
            result = dialogue.receive(link.pieces.popleft())
        else:
            assert dialogue.timer, f"nothing more comes, but an end is awaited after {bytes(dialogue.pending)!r}"
            result = dialogue.expire()
        begun = True


def outcomes(name, cut):
    """Yield what each recorded call gives when the output comes in these pieces."""
    waiting = deque(processes(name))
    links = []

    def start(program, seat, values, *more):
        links.append(RecordedLink(name, waiting.popleft(), cut))
        return links[-1]

    def again(link, phase, plain):
        return lambda seconds: converse(link, phase, seconds)

    def talk(link, phase, seconds):
        converse(link, phase, seconds)
        yield from ()

    with warnings.catch_warnings(), ExitStack() as patches:
        patches.enter_context(mock.patch.multiple("filebridge.running", Link=start, talk=talk))
        patches.enter_context(mock.patch("filebridge.session.talk", talk))
        patches.enter_context(mock.patch.multiple("filebridge.stepping", repeated=again, plain=lambda *_: None))
        warnings.simplefilter("ignore", SeedWarning)
        with closing(BridgeEnv(program(name))) as env:
            for call in calls(name):
                yield outcome_of(env, call)
    assert not waiting
    assert all(link.finished() for link in links)


def outcome_of(env, call):
    """Make a recorded call again and return what comes of it, in the form in which it was recorded."""
    if "reset" in call:
        observation, info = env.reset(seed=call["reset"])
        outcome = {"reset": call["reset"]}
    else:
        action = np.array(call["step"], env.action_space.dtype)
        observation, reward, terminated, truncated, info = env.step(action)
        outcome = {"step": call["step"], "reward": reward, "terminated": terminated, "truncated": truncated}
    assert env.observation_space.contains(observation)
    seen = {"observation": recording.plain(observation), "info": recording.plain(info)}
    return {**outcome, **seen, "reply": recording.checksum(env)}


def same(name, cut):
    for number, (outcome, call) in enumerate(zip(outcomes(name, cut), calls(name), strict=True), 1):
        assert outcome == call, f"call {number}"


def in_pieces(sizes):
    """Return a cut into pieces of these sizes, over and over."""

    def cut(data):
        start = 0
        pieces = []
        widths = cycle(sizes)
        while start < len(data):
            width = next(widths)
            pieces.append(data[start : start + width])
            start += width
        return pieces

    return cut


sizes = st.lists(st.one_of(st.integers(1, 4), st.integers(1, 300)), min_size=1, max_size=12)
# Of what single bytes and whole replies leave open, which are the extremes.
few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_reply_at_once_gives_what_was_recorded(name):
    same(name, lambda data: [data] if data else [])


@pytest.mark.parametrize("name", NAMES)
def test_single_bytes_give_what_was_recorded(name):
    same(name, in_pieces([1]))


@pytest.mark.parametrize("name", NAMES)
@few
@given(sizes=sizes)
@example(sizes=[2, 1])
def test_any_pieces_give_what_was_recorded(name, sizes):
    same(name, in_pieces(sizes))


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r\r\n"], ids=["crlf", "crcrlf"])
@pytest.mark.parametrize("name", TEXTS)
@few
@given(sizes=sizes)
@example(sizes=[1])
def test_other_line_ends_in_any_pieces_give_what_was_recorded(name, line_end, sizes):
    cut = in_pieces(sizes)
    same(name, lambda data: cut(re.sub(rb"\r*\n", line_end, data)))


@pytest.mark.parametrize("name", TEXTS)
@few
@given(sizes=sizes)
def test_colours_in_any_pieces_change_nothing(name, sizes):
    cut = in_pieces(sizes)
    same(name, lambda data: cut(data.replace(b" ", b"\x1b[1;32m \x1b[0m\x07")))


@pytest.mark.parametrize("name", NAMES)
def test_the_transcripts_hold_what_they_are_made_for(name):
    assert name not in ENDING or any(call.get("terminated") for call in calls(name))
    assert sum("reset" in call for call in calls(name)) == recording.EPISODES[name][0]
    assert 1000 < sum(path.stat().st_size for path in (FOLDER / name).iterdir()) < 100_000


@pytest.mark.parametrize("name", NAMES)
def test_a_replay_plays_every_transcript_to_its_end(name):
    for path in (FOLDER / name).glob(f"{name}-*.jsonl"):
        player = Replay(path)
        try:
            for record in read_transcript(path):
                if record.direction == "sent":
                    assert player.write(record.data) == len(record.data)
                elif record.direction == "received":
                    assert player.read() == record.data
        finally:
            player.close()
