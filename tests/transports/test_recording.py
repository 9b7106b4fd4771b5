"""What is recorded can be read and replayed, whatever happens to the file; a replay accepts nothing else."""

from __future__ import annotations

import errno
import importlib.util
import os
import pickle
import select
import sys
from pathlib import Path

import numpy as np
import pytest

from filebridge import BridgeEnv
from filebridge.errors import ExecFailed, ReplayMismatch, SimulatorExited, UsageError
from filebridge.link import Link
from filebridge.loop import exchange
from filebridge.program import load_program
from filebridge.transports import transcript as transcripts
from filebridge.transports.base import Launch, Transport
from filebridge.transports.outbox import Outbox
from filebridge.transports.pipes import PipeTransport
from filebridge.transports.process import Exit
from filebridge.transports.recording import Record, Recorder, Replay, ReplayedProcess, TranscriptWarning
from filebridge.transports.stopping import stop
from filebridge.transports.transcript import Transcript, read_transcript

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("conformance.py"))
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)


class Scripted(Transport):
    """A transport that reads from a list and takes so many bytes at a time."""

    def __init__(self, chunks=(), accepts=1 << 20):
        self.chunks, self.accepts, self.written, self.closed = list(chunks), accepts, b"", 0
        self.process = ReplayedProcess()
        self.line_limit, self.patience, self.snapshots, self.outbox = 17, 0.25, True, None
        self.delivered, self.looks = [], 0

    def fileno(self):
        return 98

    def write_fileno(self):
        return 99

    def write(self, data):
        self.written += data[: self.accepts]
        return len(data[: self.accepts])

    def deliver(self, files, data):
        self.delivered += files
        return data[self.accepts :]

    def read(self):
        return self.chunks.pop(0) if self.chunks else None

    def look(self):
        self.looks += 1
        return self.read()

    def end_input(self):
        self.accepts = 0

    def close(self):
        self.closed += 1


def records(*pieces):
    return [Record(float(number), direction, data) for number, (direction, data) in enumerate(pieces)]


def kept(path):
    return [(record.direction, record.data) for record in read_transcript(path)]


@pytest.mark.parametrize("check", conformance.SUITE, ids=lambda check: check.__name__)
def test_a_recorded_transport_conforms(check, tmp_path):
    begun = []

    def start(source):
        argv = (sys.executable, "-I", "-S", "-u", "-c", source)
        begun.append(tmp_path / f"{len(begun)}.jsonl")
        return Recorder(PipeTransport(Launch(argv, str(tmp_path), {"PATH": os.defpath})), Transcript(begun[-1]))

    check(start)
    for path in begun:
        assert all(record.time >= 0 for record in read_transcript(path))


def test_all_that_passes_is_recorded_in_its_order_with_its_time(tmp_path):
    recorder = Recorder(Scripted([b"up\r\n", b"\x00\xff\x1b[1m", b"", b""]), Transcript(tmp_path / "t"))
    assert (recorder.read(), recorder.write(b"go \xe9\n")) == (b"up\r\n", 5)
    assert (recorder.read(), recorder.read(), recorder.read()) == (b"\x00\xff\x1b[1m", b"", b"")
    recorder.process.finish(Exit(3, None))
    recorder.close()
    assert kept(tmp_path / "t") == [
        ("received", b"up\r\n"), ("sent", b"go \xe9\n"), ("received", b"\x00\xff\x1b[1m"), ("received", b""),
        ("ended", b"code 3"),
    ]  # fmt: skip
    times = [record.time for record in read_transcript(tmp_path / "t")]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] < 60


def test_only_what_was_accepted_is_recorded(tmp_path):
    inner = Scripted(accepts=4)
    recorder = Recorder(inner, Transcript(tmp_path / "t"))
    assert recorder.write(b"abcdef") == 4
    recorder.end_input()
    assert recorder.write(b"ef") == 0
    assert recorder.read() is None
    recorder.close()
    assert kept(tmp_path / "t") == [("sent", b"abcd")]
    assert (inner.closed, recorder.fileno(), recorder.write_fileno(), recorder.line_limit) == (1, 98, 99, 17)


FILES = [("deck.inp", b"1 2\n"), ("in/n.bin", b"\x00\n")]
PUT = b"deck.inp 4\n1 2\nin/n.bin 2\n\x00\n"


def test_files_are_recorded_as_sent_before_the_data(tmp_path):
    inner = Scripted()
    recorder = Recorder(inner, Transcript(tmp_path / "t"))
    inner.accepts = 0
    assert recorder.deliver(FILES, b"run\n") == b"run\n"
    inner.accepts = 100
    recorder.write(b"run\n")
    assert recorder.deliver([], b"all of it") == b""
    recorder.close()
    assert inner.delivered == FILES
    assert kept(tmp_path / "t") == [("sent", PUT), ("sent", b"run\n"), ("sent", b"all of it")]


def test_what_a_look_finds_is_recorded(tmp_path):
    inner = Scripted([b"late", b""])
    recorder = Recorder(inner, Transcript(tmp_path / "t"))
    assert [recorder.look(), recorder.look(), recorder.look()] == [b"late", b"", None]
    recorder.close()
    assert inner.looks == 3
    assert kept(tmp_path / "t") == [("received", b"late"), ("received", b"")]


def test_a_recorder_is_waited_for_as_what_it_records(tmp_path):
    inner = Scripted()
    recorder = Recorder(inner, Transcript(tmp_path / "t"))
    recorder.outbox = outbox = Outbox(str(tmp_path))
    assert (recorder.patience, recorder.snapshots, inner.outbox, recorder.outbox) == (0.25, True, outbox, outbox)
    outbox.close()
    recorder.close()


def test_a_full_disk_costs_one_warning_and_nothing_else(tmp_path, monkeypatch):
    recorder = Recorder(Scripted([b"one", b"two", b"three"]), Transcript(tmp_path / "t"))
    assert recorder.read() == b"one"
    write = os.write

    def full(descriptor, data):
        write(descriptor, data[:9])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(transcripts.os, "write", full)
    with pytest.warns(TranscriptWarning, match=r"t ends here: No space left on device"):
        assert recorder.read() == b"two"
    assert recorder.read() == b"three"
    assert recorder.write(b"more") == 4
    recorder.close()
    assert kept(tmp_path / "t") == [("received", b"one")]


@pytest.fixture
def replay():
    made = []

    def make(source, snapshots=False):
        made.append(Replay(source, snapshots))
        return made[-1]

    yield make
    for one in made:
        one.close()
        one.close()
        assert (one.fileno(), one.write_fileno()) == (-1, -1)


def readable(transport):
    return bool(select.select([transport.fileno()], [], [], 0)[0])


def test_a_replay_says_what_was_said_when_the_same_is_sent(replay):
    first = (("received", b"up"), ("received", b"> "), ("sent", b"go\n"), ("received", b"gone\n"))
    player = replay(records(*first, ("sent", b"q"), ("received", b"")))
    assert readable(player)
    assert [player.read(), player.read(), player.read()] == [b"up", b"> ", None]
    assert not readable(player)
    assert player.write(b"g") == 1
    assert player.read() is None
    assert player.write(b"o\n") == 2
    assert readable(player)
    assert [player.read(), player.read()] == [b"gone\n", None]
    player.write(b"q")
    assert [player.read(), player.read()] == [b"", b""]


def test_a_replay_takes_what_was_sent_in_pieces_at_once(replay):
    player = replay(records(("sent", b"ab"), ("sent", b"cd"), ("received", b"ok")))
    assert player.write(b"abcd") == 4
    assert player.read() == b"ok"


@pytest.mark.parametrize(
    ("ended", "exit_"), [(b"code 3", Exit(3, None)), (b"signal 11", Exit(None, 11)), (b"unknown", Exit(None, None))]
)
def test_the_process_of_a_replay_ends_as_the_recorded_one(replay, ended, exit_):
    player = replay(records(("received", b"bye"), ("received", b""), ("ended", ended)))
    player.read()
    assert (player.process.exit(), player.process.state()) == (None, "replayed from a transcript")
    player.read()
    assert (player.process.exit(), player.process.state()) == (exit_, "gone")


def test_the_process_of_a_replay_can_be_stopped(replay):
    player = replay(records(("sent", b"x")))
    assert stop([player.process], 0.0, 0.0) == []
    assert player.process.exit() == Exit(None, 15)


def test_something_else_is_refused(replay):
    player = replay(records(("received", b"> "), ("sent", b"m 12\n"), ("received", b"> ")))
    with pytest.raises(ReplayMismatch) as caught:
        player.write(b"m 13\n")
    assert str(caught.value) == (
        "something else is sent than was recorded, at record 2 of the transcript\n"
        "  found: `m 13\\n`, where `m 12\\n` was recorded\n"
        "  cure: replay with the configuration, the seed and the actions of the recording, or record again"
    )


def test_a_replay_compares_the_files_and_writes_none(replay, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = (("sent", PUT), ("sent", b"run\n"), ("received", b"1.5"))
    player = replay(records(*said))
    assert player.deliver(FILES, b"run\n") == b"run\n"
    assert player.read() is None
    player.write(b"run\n")
    assert player.look() == b"1.5"
    assert list(tmp_path.iterdir()) == []
    for files, found in (
        ([("deck.inp", b"1 3\n"), FILES[1]], r"deck.inp 4\n1 3\nin/n.bin 2\n\x00\n"),
        ([("other.inp", b"1 2\n")], r"other.inp 4\n1 2\n"),
    ):
        with pytest.raises(ReplayMismatch, match="something else is sent than was recorded") as caught:
            replay(records(*said)).deliver(files, b"run\n")
        assert caught.value.found == rf"`{found}`, where `deck.inp 4\n1 2\nin/n.bin 2\n\x00\n` was recorded"


def test_a_snapshot_that_the_transcript_cut_is_one_again(replay, tmp_path):
    large, small = bytes(range(256)) * 600, b"x" * 65536
    recorder = Recorder(Scripted([large, small, b"y"]), Transcript(tmp_path / "t"))
    assert [recorder.read(), recorder.write(b"go"), recorder.read(), recorder.read()] == [large, 2, small, b"y"]
    recorder.close()
    assert [len(data) for _, data in kept(tmp_path / "t")] == [65536, 65536, 22528, 2, 65536, 1]
    player = replay(tmp_path / "t", snapshots=True)
    assert player.snapshots
    assert player.read() == large
    player.write(b"go")
    assert [player.read(), player.read()] == [small, b"y"]
    assert not replay(tmp_path / "t").snapshots


def test_a_shorter_transcript_is_noticed_when_more_is_sent_or_awaited(replay, tmp_path):
    transcript = Transcript(tmp_path / "t")
    transcript.add("sent", b"m 1\n")
    transcript.close()
    player = replay(tmp_path / "t")
    player.write(b"m 1\n")
    assert readable(player)
    with pytest.raises(ReplayMismatch, match=r"more is awaited than was recorded, at the end of .*/t\n  found: 1 "):
        player.read()
    with pytest.raises(ReplayMismatch, match=r"more is sent than was recorded, at the end of .*/t\n  found: `m 2\\n`"):
        player.write(b"m 2\n")


def test_the_loop_runs_on_a_replay(replay):
    program = load_program("Lander")
    said = (b"T= 0 ALT= 900.0 VEL= -50.0 FUEL= 155.0\n", b"BURN? ")
    later = b"T= 1 ALT= 850.0 VEL= -55.0 FUEL= 155.0\nBURN? "
    first = [("received", said[0]), ("received", said[1]), ("sent", b"0.00\n")]
    player = replay(records(*first, *[("received", bytes([byte])) for byte in later]))
    link = Link.__new__(Link)
    link.program, link.seat, link.dialogue = program, 0, program.dialogue()
    link._connect(player)
    exchange(link, program.phases["start"], 5.0)
    assert link.dialogue.reply == b"".join(said)
    program.read_action([0.0], link.dialogue.row)
    exchange(link, program.phases["step"], 5.0)
    assert link.dialogue.reply == later
    with pytest.raises(ReplayMismatch, match="more is awaited than was recorded"):
        exchange(link, program.phases["step"], 5.0)


def test_an_environment_writes_a_file_for_each_process_and_its_errors_name_it(tmp_path):
    env = BridgeEnv("Lander", seat=3, transcript=tmp_path / "talk")
    env.reset(seed=1)
    env.step(np.array([1.5], np.float32))
    env.reset()
    os.kill(env._session.link.process.pid, 9)
    with pytest.raises(SimulatorExited) as caught:
        env.step(np.array([2.5], np.float32))
    env.close()
    first, second = sorted((tmp_path / "talk").iterdir())
    assert (first.name, second.name) == ("Lander-seat3-episode1.jsonl", "Lander-seat3-episode2.jsonl")
    assert [data for direction, data in kept(first) if direction == "sent"] == [b"1.50\n"]
    assert kept(second)[-1] == ("ended", b"signal 9")
    assert caught.value.situation.transcript == str(second)


def test_a_program_that_cannot_be_started_leaves_a_transcript_without_records(tmp_path):
    config = {
        "filebridge": 1, "name": "Missing", "simulator": {"command": ["no-such-program"], "seed": "none"},
        "transport": {"console": {}}, "action": {"choices": 2}, "step": [{"send": "x"}], "observation": "step",
        "max_steps": 1,
    }  # fmt: skip
    with pytest.raises(ExecFailed):
        BridgeEnv(config, transcript=tmp_path).reset()
    assert kept(tmp_path / "Missing-seat0-episode1.jsonl") == []


def test_a_transcript_that_cannot_be_written_is_said_before_a_process_is_started(tmp_path):
    (tmp_path / "file").write_text("")
    env = BridgeEnv("Lander", transcript=tmp_path / "file")
    with pytest.raises(UsageError, match="cannot be created"):
        env.reset()
    env.close()


def test_a_pickled_environment_records_too(tmp_path):
    env = pickle.loads(pickle.dumps(BridgeEnv("Lander", transcript=tmp_path)))
    env.reset(seed=1)
    env.close()
    assert [path.name for path in tmp_path.iterdir()] == ["Lander-seat0-episode1.jsonl"]
