"""What is recorded can be read and replayed, whatever happens to the file; a replay accepts nothing else."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import select
import stat
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.errors import ReplayMismatch, UsageError
from filebridge.link import Link
from filebridge.loop import exchange
from filebridge.program import load_program
from filebridge.transports import transcript as transcripts
from filebridge.transports.base import Launch, Transport
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
        self.line_limit = 17

    def fileno(self):
        return 98

    def write_fileno(self):
        return 99

    def write(self, data):
        self.written += data[: self.accepts]
        return len(data[: self.accepts])

    def read(self):
        return self.chunks.pop(0) if self.chunks else None

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


def test_the_file_is_text_for_its_owner_alone(tmp_path):
    with_mask = os.umask(0)
    try:
        transcript = Transcript.create(tmp_path / "new" / "folder", "Wump", 2, 7, ["wump", "-x"])
    finally:
        os.umask(with_mask)
    transcript.add("sent", b'say "\xe9"\n')
    transcript.close()
    assert transcript.path == tmp_path / "new" / "folder" / "Wump-seat2-episode7.jsonl"
    assert stat.S_IMODE(transcript.path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    header, line = transcript.path.read_text("ascii").splitlines()
    known = json.loads(header)
    assert known.pop("date").startswith("20")
    assert known == {
        "filebridge_transcript": 1, "simulator": "Wump", "seat": 2, "episode": 7, "command": ["wump", "-x"],
    }  # fmt: skip
    assert line.endswith(r', "sent": "say \"\u00e9\"\n"}')


def test_a_transcript_never_replaces_another(tmp_path):
    made = [Transcript.create(tmp_path, "Wump", 0, 1, []) for _ in range(3)]
    for transcript in made:
        transcript.close()
        transcript.close()
    assert [transcript.path.name for transcript in made] == [
        "Wump-seat0-episode1.jsonl", "Wump-seat0-episode1-2.jsonl", "Wump-seat0-episode1-3.jsonl",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="cannot be created\n  found: File exists"):
        Transcript(made[0].path)


@pytest.mark.parametrize("folder", ["file", "file/under"])
def test_a_folder_that_cannot_be_is_said_at_once(tmp_path, folder):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"the transcript .*file.* cannot be created\n  found: .*\n  cure: name a"):
        Transcript.create(tmp_path / folder, "Wump", 0, 1, [])


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


def test_a_record_that_was_written_in_part_is_the_last(tmp_path, monkeypatch):
    transcript = Transcript(tmp_path / "t")
    transcript.add("sent", b"one")
    write = os.write
    monkeypatch.setattr(transcripts.os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    with pytest.warns(TranscriptWarning, match="the disk is full"):
        transcript.add("sent", b"two")
    transcript.add("sent", b"three")
    assert kept(tmp_path / "t") == [("sent", b"one")]


def test_recording_ends_at_its_limit(tmp_path):
    transcript = Transcript(tmp_path / "t", limit=300)
    transcript.add("received", b"x" * 100)
    with pytest.warns(TranscriptWarning, match="reached its limit in size"):
        transcript.add("received", b"y" * 100)
    transcript.add("sent", b"z")
    transcript.close()
    assert kept(tmp_path / "t") == [("received", b"x" * 100)]
    assert (tmp_path / "t").stat().st_size <= 300


def test_a_forked_copy_writes_nothing(tmp_path, monkeypatch):
    transcript = Transcript(tmp_path / "t")
    monkeypatch.setattr(transcripts.os, "getpid", lambda: -1)
    transcript.add("sent", b"from the child")
    transcript.close()
    assert kept(tmp_path / "t") == []


def test_what_is_large_becomes_several_records(tmp_path):
    data = bytes(range(256)) * 1000
    transcript = Transcript(tmp_path / "t")
    transcript.add("sent", data)
    transcript.close()
    assert [len(piece) for _, piece in kept(tmp_path / "t")] == [65536, 65536, 65536, 59392]
    assert b"".join(piece for _, piece in kept(tmp_path / "t")) == data


PIECES = st.lists(st.tuples(st.sampled_from(["sent", "received"]), st.binary(max_size=40)), max_size=8)


@given(pieces=PIECES, cut=st.integers(0, 2000))
def test_a_torn_file_is_read_up_to_its_last_whole_record(tmp_path_factory, pieces, cut):
    path = tmp_path_factory.mktemp("torn") / "t"
    transcript = Transcript(path)
    for direction, data in pieces:
        transcript.add(direction, data)
    transcript.close()
    assert kept(path) == pieces
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    if b"\n" in whole[:cut] or cut == 0:
        assert kept(path) == pieces[: max(0, whole[:cut].count(b"\n") - 1)]


@pytest.mark.parametrize(
    "line",
    [
        "", "null", "[]", "{}", '{"t": 1}', "\x00", '{"t": "1", "sent": ""}',
        '{"t": 1, "sent": 5}', '{"t": 1, "sent": "\\u0100"}',
        '{"t": 1, "said": ""}', '{"t": 1, "sent": "", "received": ""}', '{"t": 1e999, "sent": ""}',
        '{"t": NaN, "sent": ""}', '{"t": true, "sent": ""}', "[" * 300_000, '{"t": ' + "1" * 300_000 + ', "sent": ""}',
        '{"t": 1, "sent": "' + "x" * 600_000 + '"}',
    ],
    ids=lambda line: line[:20] or "empty",
)  # fmt: skip
def test_a_line_that_is_no_record_is_named(tmp_path, line):
    path = tmp_path / "t"
    path.write_text('{"filebridge_transcript": 1}\n{"t": 0, "sent": "x"}\n' + line + '\n{"t": 2, "sent": "y"}\n')
    with pytest.raises(ReplayMismatch, match=r"t, line 3: not a record of a transcript\n  found: .*\n  cure: record"):
        read_transcript(path)


@pytest.mark.parametrize("text", ["hello\n", '{"filebridge_transcript": 2}\n', '{"t": 0, "sent": "x"}\n'])
def test_another_file_is_no_transcript(tmp_path, text):
    (tmp_path / "t").write_text(text)
    with pytest.raises(UsageError, match=r"t is no transcript of version 1\n  found: .*\n  cure: name a file"):
        read_transcript(tmp_path / "t")


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with open(tmp_path / "large", "wb") as file:
        file.truncate((1 << 28) + 1)
    for name, found in (("missing", "No such file"), ("fifo", "no regular file"), ("large", "268435457 bytes")):
        with pytest.raises(UsageError, match=found):
            read_transcript(tmp_path / name)


@pytest.fixture
def replay():
    made = []

    def make(source):
        made.append(Replay(source))
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


def test_nothing_warns_while_all_goes_well(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transcript = Transcript(tmp_path / "t")
        for _ in range(100):
            transcript.add("sent", b"x")
        transcript.close()
    assert len(kept(tmp_path / "t")) == 100
